package streams;

import common.Case;
import common.Request;
import data.Bid;
import data.Total;
import data.WindowTotal;
import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;

/** Count and sum of the price per auction or bidder, in windows or sessions. */
final class Totals {
    private static final String STORE = "totals";
    private static final Serde<Total> SERDE = new TotalSerde();

    private Totals() {}

    static KStream<String, WindowTotal> of(KStream<String, Bid> bids, Request request, Flush flush) {
        Case job = request.job();
        boolean sessions = job.kind() == Case.Kind.SESSIONS;
        KTable<Windowed<String>, Total> totals = job.by() == Case.Key.AUCTION
                ? totals(bids.groupByKey(Grouped.with(Serdes.String(), new JsonSerde<>(Bid.class))), request, job.outOfOrderness(), bid -> bid.price)
                : totals(ofBidders(bids), request, FinalResults.GRACE_BEHIND_SHUFFLE, price -> price);
        return totals.toStream()
                .processValues(flush::gate)
                // The end of a session is its last record here.
                .map((key, total) -> KeyValue.pair(key.key(), row(key, sessions ? job.gapMs() : 0, total)));
    }

    /** Of a bid only the price goes through the topic. */
    private static KGroupedStream<String, Long> ofBidders(KStream<String, Bid> bids) {
        KStream<String, Long> prices = bids.map((auction, bid) -> KeyValue.pair(Long.toString(bid.bidder), bid.price));
        return FinalResults.shuffled(prices, "by-bidder", Serdes.Long()).groupByKey(Grouped.with(Serdes.String(), Serdes.Long()));
    }

    private static <T> KTable<Windowed<String>, Total> totals(KGroupedStream<String, T> records, Request request, Duration grace, Price<T> price) {
        Case job = request.job();
        if (job.kind() == Case.Kind.SESSIONS) {
            return records.windowedBy(SessionWindows.ofInactivityGapAndGrace(job.gap(), grace))
                    .emitStrategy(EmitStrategy.onWindowClose())
                    .aggregate(
                            Total::new,
                            (key, record, total) -> total.add(price.of(record)),
                            (key, one, other) -> one.merge(other),
                            FinalResults.sessions(request, STORE, job.gap(), grace, SERDE));
        }
        return records.windowedBy(TimeWindows.ofSizeAndGrace(job.size(), grace).advanceBy(job.slide()))
                .emitStrategy(EmitStrategy.onWindowClose())
                .aggregate(
                        Total::new,
                        (key, record, total) -> total.add(price.of(record)),
                        FinalResults.windows(request, STORE, job.size(), grace, SERDE));
    }

    private static WindowTotal row(Windowed<String> key, long behindLastMs, Total total) {
        return WindowTotal.of(Long.parseLong(key.key()), key.window().start(), key.window().end() + behindLastMs, total);
    }

    private interface Price<T> {
        long of(T record);
    }
}
