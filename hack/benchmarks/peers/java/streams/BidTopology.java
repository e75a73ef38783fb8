package streams;

import common.Bid;
import common.Case;
import common.ExpensiveBid;
import common.Progress;
import common.Request;
import common.Store;
import common.Total;
import common.WindowTotal;
import java.time.Duration;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** The three cases in the Streams DSL. */
final class BidTopology {
    private static final String STORE = "totals";

    /** Event time that a partition may run through between two emissions without losing windows; see `retention`. */
    private static final Duration CATCHING_UP = Duration.ofSeconds(96);

    private final Request request;
    private final Case job;
    private final Flush flush;
    private final StreamsBuilder builder = new StreamsBuilder();

    private BidTopology(Request request, Flush flush) {
        this.request = request;
        this.job = request.job();
        this.flush = flush;
    }

    static Topology of(Request request, Flush flush) {
        return new BidTopology(request, flush).build();
    }

    private Topology build() {
        KStream<String, Bid> bids = stream(request.input()).peek((key, bid) -> Progress.count());
        switch (job.kind()) {
            case PASS_THROUGH -> write(bids, Bid.class);
            case FILTER_MAP -> write(bids.filter((key, bid) -> ExpensiveBid.matches(bid)).mapValues(ExpensiveBid::of), ExpensiveBid.class);
            case WINDOWED -> write(totals(bids.peek(flush::sawBid).merge(stream(request.flush()))), WindowTotal.class);
        }
        return builder.build();
    }

    private KStream<String, Bid> stream(String topic) {
        return builder.stream(topic, Consumed.with(Serdes.String(), new JsonSerde<>(Bid.class)).withTimestampExtractor(new EventTime()));
    }

    private <T> void write(KStream<String, T> rows, Class<T> type) {
        rows.to(request.output(), Produced.with(Serdes.String(), new JsonSerde<>(type)));
    }

    private KStream<String, WindowTotal> totals(KStream<String, Bid> bids) {
        TimeWindows windows = TimeWindows.ofSizeAndGrace(job.size(), job.outOfOrderness()).advanceBy(job.slide());
        return bids.groupByKey(Grouped.with(Serdes.String(), new JsonSerde<>(Bid.class)))
                .windowedBy(windows)
                .emitStrategy(EmitStrategy.onWindowClose())
                .aggregate(Total::new, (key, bid, total) -> total.add(bid.price), store())
                .toStream()
                .map((key, total) -> KeyValue.pair(key.key(), WindowTotal.of(Long.parseLong(key.key()), key.window().start(), total)))
                .peek(flush::sawRow);
    }

    /**
     * In memory with the record cache, which spares the changelog most updates. On disk without it: the first emission of each task would walk the
     * cache from the epoch on, which costs 30 to 45 s of CPU at every start.
     */
    private Materialized<String, Total, WindowStore<Bytes, byte[]>> store() {
        Materialized<String, Total, WindowStore<Bytes, byte[]>> store = request.store() == Store.MEMORY
                ? Materialized.as(Stores.inMemoryWindowStore(STORE, retention(), job.size(), false))
                : Materialized.<String, Total, WindowStore<Bytes, byte[]>>as(STORE).withRetention(retention()).withCachingDisabled();
        return store.withKeySerde(Serdes.String()).withValueSerde(new TotalSerde());
    }

    /**
     * The store hides what is older than this behind its own newest record, also from the emission of final results, which comes once in a wall
     * second. With the default (size and grace) a job that catches up runs past its closed windows within that second and loses them. Room for two
     * windows, because the flush goes a whole one ahead: 120 s in all for windows of 10 s with 2 s of grace.
     */
    private Duration retention() {
        return job.size().plus(job.outOfOrderness()).multipliedBy(2).plus(CATCHING_UP);
    }
}
