package common;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/** A row of the case windowed: the final total of one auction in one window. */
@JsonPropertyOrder({"auction", "windowStart", "count", "sum"})
public class WindowTotal implements Row {
    public long auction;
    /** Epoch milliseconds. */
    public long windowStart;
    public long count;
    public long sum;

    public static WindowTotal of(long auction, long windowStart, Total total) {
        WindowTotal row = new WindowTotal();
        row.auction = auction;
        row.windowStart = windowStart;
        row.count = total.count;
        row.sum = total.sum;
        return row;
    }

    @Override
    public long auction() {
        return auction;
    }
}
