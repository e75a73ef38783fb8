package streams;

import common.Case;
import common.Request;
import data.AuctionCount;
import data.Bid;
import data.Hottest;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.TimeWindows;

/** Nexmark 5: bids per auction in sliding windows, then the auctions with most of each window. */
final class HotItems {
    private HotItems() {}

    static KStream<String, AuctionCount> of(KStream<String, Bid> bids, Request request, Flush flush) {
        Case job = request.job();
        return FinalResults.shuffled(counts(bids, request), "by-window", RowSerdes.COUNT)
                .groupByKey(Grouped.with(Serdes.String(), RowSerdes.COUNT))
                // Windows end every slide: the counts of one meet here, and no others.
                .windowedBy(TimeWindows.ofSizeAndGrace(job.slide(), FinalResults.GRACE_BEHIND_RESULTS))
                .emitStrategy(EmitStrategy.onWindowClose())
                .aggregate(
                        Hottest::new,
                        (windowEnd, count, hottest) -> hottest.add(count),
                        FinalResults.windows(request, "hottest", job.slide(), FinalResults.GRACE_BEHIND_RESULTS, RowSerdes.HOTTEST))
                .toStream()
                .processValues(flush::gate)
                .flatMap((key, hottest) -> hottest.rows(Long.parseLong(key.key()) - job.sizeMs(), Long.parseLong(key.key())).stream()
                        .map(row -> KeyValue.pair(key.key(), row))
                        .toList());
    }

    private static KStream<String, AuctionCount> counts(KStream<String, Bid> bids, Request request) {
        Case job = request.job();
        return bids.groupByKey(Grouped.with(Serdes.String(), new JsonSerde<>(Bid.class)))
                .windowedBy(TimeWindows.ofSizeAndGrace(job.size(), job.outOfOrderness()).advanceBy(job.slide()))
                .emitStrategy(EmitStrategy.onWindowClose())
                .count(FinalResults.windows(request, "counts", job.size(), job.outOfOrderness(), Serdes.Long()))
                .toStream()
                .processValues(AtWindowEnd<Long>::new)
                .map((key, bidsOfAuction) -> {
                    long windowEnd = key.window().end();
                    return KeyValue.pair(
                            Long.toString(windowEnd), AuctionCount.of(Long.parseLong(key.key()), bidsOfAuction, key.window().start(), windowEnd));
                });
    }
}
