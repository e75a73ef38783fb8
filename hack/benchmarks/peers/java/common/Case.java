package common;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Duration;

/** What is computed. The durations, in milliseconds, belong to windowed alone; windows tumble where slide and size are equal. */
public record Case(Kind kind, long sizeMs, long slideMs, long outOfOrdernessMs) {
    public enum Kind {
        @JsonProperty("pass-through")
        PASS_THROUGH,
        @JsonProperty("filter-map")
        FILTER_MAP,
        @JsonProperty("windowed")
        WINDOWED
    }

    public Duration size() {
        return Duration.ofMillis(sizeMs);
    }

    public Duration slide() {
        return Duration.ofMillis(slideMs);
    }

    public Duration outOfOrderness() {
        return Duration.ofMillis(outOfOrdernessMs);
    }
}
