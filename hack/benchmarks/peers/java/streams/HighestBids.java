package streams;

import common.Case;
import common.Request;
import data.Bid;
import data.HighBid;
import data.Highest;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.TimeWindows;

/** Nexmark 7: the highest bids of each auction in a window, then those of the window. */
final class HighestBids {
    private HighestBids() {}

    static KStream<String, HighBid> of(KStream<String, Bid> bids, Request request, Flush flush) {
        Case job = request.job();
        return FinalResults.shuffled(ofAuctions(bids, request), "by-window", RowSerdes.HIGHEST)
                .groupByKey(Grouped.with(Serdes.String(), RowSerdes.HIGHEST))
                .windowedBy(TimeWindows.ofSizeAndGrace(job.size(), FinalResults.GRACE_BEHIND_RESULTS))
                .emitStrategy(EmitStrategy.onWindowClose())
                .aggregate(
                        Highest::new,
                        (windowEnd, highest, total) -> total.merge(highest),
                        FinalResults.windows(request, "highest", job.size(), FinalResults.GRACE_BEHIND_RESULTS, RowSerdes.HIGHEST))
                .toStream()
                .processValues(flush::gate)
                .flatMap((key, highest) -> highest.bids.stream().map(bid -> KeyValue.pair(key.key(), bid)).toList());
    }

    private static KStream<String, Highest> ofAuctions(KStream<String, Bid> bids, Request request) {
        Case job = request.job();
        return bids.groupByKey(Grouped.with(Serdes.String(), new JsonSerde<>(Bid.class)))
                .windowedBy(TimeWindows.ofSizeAndGrace(job.size(), job.outOfOrderness()))
                .emitStrategy(EmitStrategy.onWindowClose())
                .aggregate(
                        Highest::new,
                        (auction, bid, highest) -> highest.add(HighBid.of(bid, job.sizeMs())),
                        FinalResults.windows(request, "highest-of-auction", job.size(), job.outOfOrderness(), RowSerdes.HIGHEST))
                .toStream()
                .processValues(AtWindowEnd<Highest>::new)
                .map((key, highest) -> KeyValue.pair(Long.toString(key.window().end()), highest));
    }
}
