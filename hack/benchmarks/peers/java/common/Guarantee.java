package common;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How often each input record may show in the output. */
public enum Guarantee {
    @JsonProperty("exactly-once")
    EXACTLY_ONCE,
    @JsonProperty("at-least-once")
    AT_LEAST_ONCE
}
