package flink;

/** What the window needs of a bid. Between keyBy and the window Flink serializes every record; this is a quarter of the bid. */
public class KeyedPrice {
    public long key;
    public long price;

    static KeyedPrice of(long key, long price) {
        KeyedPrice keyed = new KeyedPrice();
        keyed.key = key;
        keyed.price = price;
        return keyed;
    }
}
