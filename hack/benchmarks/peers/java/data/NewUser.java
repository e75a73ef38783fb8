package data;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/** A row of the case new-users: somebody who has joined and opened an auction in the same window. Times are epoch milliseconds. */
@JsonPropertyOrder({"id", "name", "windowStart"})
public class NewUser implements Row {
    public long id;
    public String name;
    public long windowStart;

    public static NewUser of(Sign sign, long windowStart) {
        NewUser row = new NewUser();
        row.id = sign.id;
        row.name = sign.name;
        row.windowStart = windowStart;
        return row;
    }

    @Override
    public long rowKey() {
        return id;
    }
}
