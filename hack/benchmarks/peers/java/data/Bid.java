package data;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/** A record of the input. All seven fields, so that a program that reads one has parsed the whole text. */
@JsonPropertyOrder({"auction", "bidder", "price", "channel", "url", "dateTime", "extra"})
public class Bid implements Row, Timed {
    public long auction;
    public long bidder;
    public long price;
    public String channel;
    public String url;
    /** Event time, epoch milliseconds. */
    public long dateTime;
    public String extra;

    @Override
    public long rowKey() {
        return auction;
    }

    @Override
    public long eventTime() {
        return dateTime;
    }
}
