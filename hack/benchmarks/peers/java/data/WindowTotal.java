package data;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/** A row of the cases windowed and sessions: the final total of one auction or bidder in one window. Times are epoch milliseconds. */
@JsonPropertyOrder({"key", "windowStart", "windowEnd", "count", "sum"})
public class WindowTotal implements Row {
    public long key;
    public long windowStart;
    public long windowEnd;
    public long count;
    public long sum;

    public static WindowTotal of(long key, long windowStart, long windowEnd, Total total) {
        WindowTotal row = new WindowTotal();
        row.key = key;
        row.windowStart = windowStart;
        row.windowEnd = windowEnd;
        row.count = total.count;
        row.sum = total.sum;
        return row;
    }

    @Override
    public long rowKey() {
        return key;
    }
}
