package data;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/** A row of the case highest-bids: a bid that none of its window is higher than. Times are epoch milliseconds. */
@JsonPropertyOrder({"auction", "bidder", "price", "dateTime", "extra", "windowEnd"})
public class HighBid implements Row {
    public long auction;
    public long bidder;
    public long price;
    public long dateTime;
    public String extra;
    public long windowEnd;

    /** Of a window that ends at a multiple of its size. */
    public static HighBid of(Bid bid, long sizeMs) {
        HighBid row = new HighBid();
        row.auction = bid.auction;
        row.bidder = bid.bidder;
        row.price = bid.price;
        row.dateTime = bid.dateTime;
        row.extra = bid.extra;
        row.windowEnd = bid.dateTime - Math.floorMod(bid.dateTime, sizeMs) + sizeMs;
        return row;
    }

    @Override
    public long rowKey() {
        return windowEnd;
    }
}
