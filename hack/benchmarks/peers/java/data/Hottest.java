package data;

import java.util.ArrayList;
import java.util.List;

/** The auctions with most bids in a window. */
public class Hottest {
    public long bids;
    public List<Long> auctions = new ArrayList<>();

    public Hottest add(AuctionCount count) {
        if (count.bids < bids) return this;
        if (count.bids > bids) auctions.clear();
        bids = count.bids;
        auctions.add(count.auction);
        return this;
    }

    public List<AuctionCount> rows(long windowStart, long windowEnd) {
        return auctions.stream().map(auction -> AuctionCount.of(auction, bids, windowStart, windowEnd)).toList();
    }
}
