package streams;

import data.AuctionCount;
import data.HighBid;
import data.Highest;
import data.Hottest;
import data.Sign;
import org.apache.kafka.common.serialization.Serde;

/** How what the queries keep, and send to each other, is written. */
final class RowSerdes {
    static final Serde<AuctionCount> COUNT = new BinarySerde<>(
            (count, output) -> {
                output.writeLong(count.auction);
                output.writeLong(count.bids);
                output.writeLong(count.windowStart);
                output.writeLong(count.windowEnd);
            },
            input -> AuctionCount.of(input.readLong(), input.readLong(), input.readLong(), input.readLong()));

    static final Serde<Hottest> HOTTEST = new BinarySerde<>(
            (hottest, output) -> {
                output.writeLong(hottest.bids);
                output.writeInt(hottest.auctions.size());
                for (long auction : hottest.auctions) output.writeLong(auction);
            },
            input -> {
                Hottest hottest = new Hottest();
                hottest.bids = input.readLong();
                for (int left = input.readInt(); left > 0; left--) hottest.auctions.add(input.readLong());
                return hottest;
            });

    static final Serde<Highest> HIGHEST = new BinarySerde<>(
            (highest, output) -> {
                output.writeLong(highest.price);
                output.writeInt(highest.bids.size());
                for (HighBid bid : highest.bids) {
                    output.writeLong(bid.auction);
                    output.writeLong(bid.bidder);
                    output.writeLong(bid.dateTime);
                    output.writeUTF(bid.extra);
                    output.writeLong(bid.windowEnd);
                }
            },
            input -> {
                Highest highest = new Highest();
                highest.price = input.readLong();
                for (int left = input.readInt(); left > 0; left--) {
                    HighBid bid = new HighBid();
                    bid.auction = input.readLong();
                    bid.bidder = input.readLong();
                    bid.price = highest.price;
                    bid.dateTime = input.readLong();
                    bid.extra = input.readUTF();
                    bid.windowEnd = input.readLong();
                    highest.bids.add(bid);
                }
                return highest;
            });

    static final Serde<Sign> SIGN = new BinarySerde<>(
            (sign, output) -> {
                output.writeLong(sign.id);
                output.writeBoolean(sign.sells);
                output.writeBoolean(sign.name != null);
                if (sign.name != null) output.writeUTF(sign.name);
            },
            input -> {
                Sign sign = new Sign();
                sign.id = input.readLong();
                sign.sells = input.readBoolean();
                if (input.readBoolean()) sign.name = input.readUTF();
                return sign;
            });

    private RowSerdes() {}
}
