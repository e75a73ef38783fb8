package data;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/** A row of the case filter-map: bids above a price, with the price in another currency. */
@JsonPropertyOrder({"auction", "bidder", "price"})
public class ExpensiveBid implements Row {
    private static final long LIMIT = 5_000_000;
    private static final double RATE = 0.89;

    public long auction;
    public long bidder;
    public double price;

    public static boolean matches(Bid bid) {
        return bid.price > LIMIT;
    }

    public static ExpensiveBid of(Bid bid) {
        ExpensiveBid row = new ExpensiveBid();
        row.auction = bid.auction;
        row.bidder = bid.bidder;
        row.price = bid.price * RATE;
        return row;
    }

    @Override
    public long rowKey() {
        return auction;
    }
}
