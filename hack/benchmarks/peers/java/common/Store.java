package common;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Where open windows live. */
public enum Store {
    @JsonProperty("memory")
    MEMORY,
    @JsonProperty("disk")
    DISK
}
