package streams;

import common.Bid;
import common.JsonCodec;
import common.Request;
import common.WindowTotal;
import java.util.BitSet;
import java.util.Properties;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Gets the last windows out. Kafka Streams emits final results while it processes a record, at most once in a wall second, so a topic that has
 * ended keeps its last windows. Later bids in another topic of the job move the time of every partition on, in steps that are small beside the
 * store's retention. When the first window of such a bid has come out, all windows before it have.
 */
final class Flush {
    /** One auction for each partition from here on; the input has none of them. */
    private static final long FIRST_AUCTION = 900_000_000;

    private static final long STEP_MS = 2_000;
    private static final long PAUSE_MS = 250;
    private static final int MOST_STEPS = 1_000;

    private final Request request;
    private final BitSet out = new BitSet();
    private volatile long latest = Long.MIN_VALUE;
    /** Event time of the first step: no window of the input ends later. */
    private volatile long first = Long.MAX_VALUE;

    Flush(Request request) {
        this.request = request;
    }

    /** Sees every bid of the input, in the one stream thread. */
    void sawBid(String key, Bid bid) {
        if (bid.dateTime > latest) latest = bid.dateTime;
    }

    /** Sees every row before it is written. */
    void sawRow(String key, WindowTotal row) {
        long partition = row.auction - FIRST_AUCTION;
        if (partition < 0 || partition >= request.partitions() || row.windowStart + request.job().sizeMs() <= first) return;
        synchronized (out) {
            out.set((int) partition);
        }
    }

    /** Returns when all windows are out, or the job wants to end otherwise. */
    void run(BooleanSupplier cancelled) throws InterruptedException {
        first = latest + request.job().sizeMs() + request.job().outOfOrdernessMs();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings(), new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int step = 0; step < MOST_STEPS && !cancelled.getAsBoolean() && !isOut(); step++) {
                for (int partition = 0; partition < request.partitions(); partition++) {
                    producer.send(record(partition, first + step * STEP_MS));
                }
                producer.flush();
                Thread.sleep(PAUSE_MS);
            }
        }
        if (!isOut() && !cancelled.getAsBoolean()) throw new IllegalStateException("the last windows did not come out");
    }

    private boolean isOut() {
        synchronized (out) {
            return out.cardinality() == request.partitions();
        }
    }

    private ProducerRecord<byte[], byte[]> record(int partition, long dateTime) {
        Bid bid = new Bid();
        bid.auction = FIRST_AUCTION + partition;
        bid.channel = "flush";
        bid.url = "";
        bid.extra = "";
        bid.dateTime = dateTime;
        return new ProducerRecord<>(request.flush(), partition, dateTime, JsonCodec.key(bid), new JsonCodec<>(Bid.class).write(bid));
    }

    private Properties settings() {
        Properties settings = new Properties();
        settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, request.brokers());
        return settings;
    }
}
