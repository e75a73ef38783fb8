package streams;

import common.Case;
import common.JsonCodec;
import common.Progress;
import common.Request;
import data.Bid;
import data.HouseEvent;
import data.Timed;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;

/**
 * Gets the last windows out. Kafka Streams emits final results while it processes a record, at most once in a wall second, so a topic that has
 * ended keeps its last windows. Later records in another topic of the job move the time of every partition on, behind a topic of the job's own too, in
 * steps that are small beside the stores' retention, each when the one before has been worked on. When a window of theirs has come out of every partition of the last windows, all windows before it
 * have.
 */
final class Flush {
    /** Auctions, bidders and people from here on; the input has none of them but its own flush. */
    private static final long FIRST_ID = 900_000_000;

    private static final long STEP_MS = 20_000;
    private static final long PAUSE_MS = 500;
    private static final long LOOK_MS = 10;
    private static final int MOST_STEPS = 1_000;

    private final Request request;
    private final JsonCodec<Bid> bids = new JsonCodec<>(Bid.class);
    private final JsonCodec<HouseEvent> events = new JsonCodec<>(HouseEvent.class);
    private final BitSet out = new BitSet();
    private final AtomicLong seen = new AtomicLong();
    private volatile long latest = Long.MIN_VALUE;
    /** Event time of the first step: no window of the input ends later. */
    private volatile long first = Long.MAX_VALUE;

    private long id = FIRST_ID;

    Flush(Request request) {
        this.request = request;
    }

    /** Sees every record of the input, in the one stream thread. */
    void sawRecord(String key, Timed record) {
        if (record.eventTime() > latest) latest = record.eventTime();
    }

    /** Sees every record of its own topic. */
    void sawOwn(String key, Timed record) {
        seen.incrementAndGet();
    }

    /** What every final result of the last windows passes. */
    <T> FixedKeyProcessor<Windowed<String>, T, T> gate() {
        return new ContextualFixedKeyProcessor<>() {
            @Override
            public void process(FixedKeyRecord<Windowed<String>, T> result) {
                if (result.key().window().end() >= first) sawOwnResult(context().taskId().partition());
                context().forward(result);
            }
        };
    }

    /** Returns when all windows are out, or the job wants to end otherwise. */
    void run(BooleanSupplier cancelled) throws InterruptedException {
        first = latest + request.job().longestMs() + request.job().outOfOrdernessMs();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings(), new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int step = 0; step < MOST_STEPS && !cancelled.getAsBoolean() && !isOut(); step++) {
                for (int partition = 0; partition < request.partitions(); partition++) {
                    producer.send(record(partition, first + step * STEP_MS));
                }
                producer.flush();
                long written = (step + 1L) * request.partitions();
                while ((seen.get() < written || Progress.onTheirWay() > 0) && !cancelled.getAsBoolean()) Thread.sleep(LOOK_MS);
                Thread.sleep(PAUSE_MS);
            }
        }
        if (!isOut() && !cancelled.getAsBoolean()) throw new IllegalStateException("the last windows did not come out");
    }

    private void sawOwnResult(int partition) {
        synchronized (out) {
            out.set(partition);
        }
    }

    private boolean isOut() {
        synchronized (out) {
            return out.cardinality() == request.partitions();
        }
    }

    /** Of somebody else each time, or sessions would never end; where it belongs, whatever it is grouped by. */
    private ProducerRecord<byte[], byte[]> record(int partition, long time) {
        byte[] key;
        do key = Long.toString(++id).getBytes(StandardCharsets.US_ASCII);
        while (BuiltInPartitioner.partitionForKey(key, request.partitions()) != partition);
        return new ProducerRecord<>(request.flush(), partition, time, key, value(time));
    }

    private byte[] value(long time) {
        if (request.job().kind() == Case.Kind.NEW_USERS) {
            HouseEvent event = new HouseEvent();
            event.person = new HouseEvent.Person();
            event.person.id = id;
            event.person.name = "flush";
            event.person.dateTime = time;
            return events.write(event);
        }
        Bid bid = new Bid();
        bid.auction = id;
        bid.bidder = id;
        bid.channel = "flush";
        bid.url = "";
        bid.extra = "";
        bid.dateTime = time;
        return bids.write(bid);
    }

    private Properties settings() {
        Properties settings = new Properties();
        settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, request.brokers());
        return settings;
    }
}
