package data;

/** What is known of one auction in one window: how many bids, and the sum of their prices. */
public class Total {
    public long count;
    public long sum;

    public Total add(long price) {
        count++;
        sum += price;
        return this;
    }

    public Total merge(Total other) {
        count += other.count;
        sum += other.sum;
        return this;
    }
}
