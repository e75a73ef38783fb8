package data;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/** A row of the case hot-items: how many bids an auction had in a window. Times are epoch milliseconds. */
@JsonPropertyOrder({"auction", "bids", "windowStart", "windowEnd"})
public class AuctionCount implements Row {
    public long auction;
    public long bids;
    public long windowStart;
    public long windowEnd;

    public static AuctionCount of(long auction, long bids, long windowStart, long windowEnd) {
        AuctionCount row = new AuctionCount();
        row.auction = auction;
        row.bids = bids;
        row.windowStart = windowStart;
        row.windowEnd = windowEnd;
        return row;
    }

    @Override
    public long rowKey() {
        return windowEnd;
    }
}
