package data;

import com.fasterxml.jackson.annotation.JsonIgnore;

/** What a program writes: a JSON object. */
public interface Row {
    /** Of its record, as text. */
    @JsonIgnore
    long rowKey();
}
