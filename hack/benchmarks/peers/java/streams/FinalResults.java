package streams;

import common.Progress;
import common.Request;
import common.Store;
import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** What windows need so that they give final results only, and all of them. */
final class FinalResults {
    /** Event time that a partition may run through between two emissions without losing windows; see `retention`. */
    private static final Duration CATCHING_UP = Duration.ofSeconds(96);

    /**
     * Behind a topic of the job's own. Event time is that of the partition, whoever writes to it, and tasks take turns by records: one whose partition has
     * fewer of them is ahead of the others, a fifth of what has gone by with these bids. What the others send would be late with the grace of the input.
     */
    static final Duration GRACE_BEHIND_SHUFFLE = Duration.ofSeconds(60);

    /** The same for final results, which every task sends once in a wall second: with a backlog that is much event time. */
    static final Duration GRACE_BEHIND_RESULTS = Duration.ofSeconds(90);

    private FinalResults() {}

    /** Sends records to the partitions of their keys, through a topic of the job's own. */
    static <T> KStream<String, T> shuffled(KStream<String, T> records, String name, Serde<T> serde) {
        return records.peek((key, value) -> Progress.sent())
                .repartition(Repartitioned.with(Serdes.String(), serde).withName(name))
                .peek((key, value) -> Progress.taken());
    }

    /**
     * In memory with the record cache, which spares the changelog most updates. On disk without it: the first emission of each task would walk the
     * cache from the epoch on, which costs 30 to 45 s of CPU at every start.
     */
    static <T> Materialized<String, T, WindowStore<Bytes, byte[]>> windows(
            Request request, String name, Duration size, Duration grace, Serde<T> serde) {
        Duration retention = retention(size, grace);
        Materialized<String, T, WindowStore<Bytes, byte[]>> store = request.store() == Store.MEMORY
                ? Materialized.as(Stores.inMemoryWindowStore(name, retention, size, false))
                : Materialized.<String, T, WindowStore<Bytes, byte[]>>as(name).withRetention(retention).withCachingDisabled();
        return store.withKeySerde(Serdes.String()).withValueSerde(serde);
    }

    static <T> Materialized<String, T, SessionStore<Bytes, byte[]>> sessions(
            Request request, String name, Duration gap, Duration grace, Serde<T> serde) {
        Duration retention = retention(gap, grace);
        Materialized<String, T, SessionStore<Bytes, byte[]>> store = request.store() == Store.MEMORY
                ? Materialized.as(Stores.inMemorySessionStore(name, retention))
                : Materialized.<String, T, SessionStore<Bytes, byte[]>>as(name).withRetention(retention).withCachingDisabled();
        return store.withKeySerde(Serdes.String()).withValueSerde(serde);
    }

    /**
     * The store hides what is older than this behind its own newest record, also from the emission of final results, which comes once in a wall
     * second. With the default (size and grace) a job that catches up runs past its closed windows within that second and loses them. Room for two
     * windows, because the flush goes a whole one ahead: 120 s in all for windows of 10 s with 2 s of grace.
     */
    private static Duration retention(Duration size, Duration grace) {
        return size.plus(grace).multipliedBy(2).plus(CATCHING_UP);
    }
}
