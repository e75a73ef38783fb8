package common;

import com.fasterxml.jackson.annotation.JsonProperty;
import data.Bid;
import java.time.Duration;

/**
 * What is computed. Durations are in milliseconds; what a kind does not have is 0 or null. Windows tumble where slide and size are equal.
 */
public record Case(Kind kind, Key by, long sizeMs, long slideMs, long gapMs, long outOfOrdernessMs) {
    public enum Kind {
        @JsonProperty("pass-through")
        PASS_THROUGH,
        @JsonProperty("filter-map")
        FILTER_MAP,
        @JsonProperty("windowed")
        WINDOWED,
        @JsonProperty("sessions")
        SESSIONS,
        @JsonProperty("hot-items")
        HOT_ITEMS,
        @JsonProperty("highest-bids")
        HIGHEST_BIDS,
        @JsonProperty("new-users")
        NEW_USERS
    }

    /** What totals are of. The input is partitioned by auction. */
    public enum Key {
        @JsonProperty("auction")
        AUCTION,
        @JsonProperty("bidder")
        BIDDER;

        public long of(Bid bid) {
            return this == AUCTION ? bid.auction : bid.bidder;
        }
    }

    public Duration size() {
        return Duration.ofMillis(sizeMs);
    }

    public Duration slide() {
        return Duration.ofMillis(slideMs);
    }

    public Duration gap() {
        return Duration.ofMillis(gapMs);
    }

    public Duration outOfOrderness() {
        return Duration.ofMillis(outOfOrdernessMs);
    }

    /** From the first record that a result is of until it may be final: a window, or what separates sessions. */
    public long longestMs() {
        return Math.max(sizeMs, gapMs);
    }
}
