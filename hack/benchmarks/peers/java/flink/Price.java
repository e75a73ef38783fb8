package flink;

import common.Bid;

/** What the window needs of a bid. Between keyBy and the window Flink serializes every record; this is a quarter of the bid. */
public class Price {
    public long auction;
    public long price;

    static Price of(Bid bid) {
        Price price = new Price();
        price.auction = bid.auction;
        price.price = bid.price;
        return price;
    }
}
