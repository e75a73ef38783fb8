package data;

import java.util.ArrayList;
import java.util.List;

/** The highest bids of a window. */
public class Highest {
    public long price = -1;
    public List<HighBid> bids = new ArrayList<>(1);

    public Highest add(HighBid bid) {
        if (bid.price < price) return this;
        if (bid.price > price) bids.clear();
        price = bid.price;
        bids.add(bid);
        return this;
    }

    public Highest merge(Highest other) {
        other.bids.forEach(this::add);
        return this;
    }
}
