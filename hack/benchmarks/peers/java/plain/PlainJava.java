package plain;

import common.Case;
import common.Job;
import common.JsonCodec;
import common.Program;
import common.Progress;
import common.Request;
import data.Bid;
import data.ExpensiveBid;
import data.Row;
import data.WindowTotal;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A consumer, hash maps and a producer, written by hand: what a job costs in Java without an engine. Not a competitor but a floor, since its open
 * windows do not survive a crash. Settings follow Confluent's "Optimize Clients for Throughput", where that costs no latency.
 */
public final class PlainJava implements Job {
    private static final Duration POLL = Duration.ofMillis(100);

    private final Request request;
    private final long intervalNs;
    private final JsonCodec<Bid> bids = new JsonCodec<>(Bid.class);
    private volatile boolean stopping;

    private PlainJava(Request request) {
        this.request = request;
        intervalNs = request.intervalMs() * 1_000_000;
        if (request.timed() && request.exactlyOnce()) {
            throw new IllegalArgumentException("PlainJava is at-least-once in the case windowed: its open windows are in no transaction");
        }
        if (request.job().by() == Case.Key.BIDDER) throw new IllegalArgumentException("PlainJava has no shuffle");
    }

    public static void main(String[] args) {
        Program.run(args, PlainJava::new);
    }

    @Override
    public void run() {
        switch (request.job().kind()) {
            case PASS_THROUGH -> drain(Bid.class, output -> (partition, bid) -> output.send(bid));
            case FILTER_MAP -> drain(ExpensiveBid.class, output -> (partition, bid) -> {
                if (ExpensiveBid.matches(bid)) output.send(ExpensiveBid.of(bid));
            });
            case WINDOWED -> drain(WindowTotal.class, output -> new WindowedTotals(request.job(), request.partitions(), output::send));
            default -> throw new IllegalArgumentException("PlainJava does not do " + request.job().kind());
        }
    }

    @Override
    public void stop() {
        stopping = true;
    }

    private <T extends Row> void drain(Class<T> rows, Function<Output<T>, Step> stepOver) {
        try (Output<T> output = new Output<>(request, rows);
                KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            Step step = stepOver.apply(output);
            long nextCommit = System.nanoTime() + intervalNs;
            while (!stopping && !isThrough()) {
                take(consumer.poll(POLL), step);
                step.advance();
                if (System.nanoTime() < nextCommit) continue;
                output.commit(consumer, positions(consumer));
                nextCommit = System.nanoTime() + intervalNs;
            }
            if (isThrough()) step.finish();
            output.commit(consumer, positions(consumer));
        }
    }

    private void take(ConsumerRecords<byte[], byte[]> records, Step step) {
        for (ConsumerRecord<byte[], byte[]> record : records) {
            step.take(record.partition(), bids.read(record.value()));
            Progress.count();
        }
    }

    private boolean isThrough() {
        return !request.unbounded() && Progress.processed() >= request.total();
    }

    /** Where the next records are: all before them are processed. */
    private static Map<TopicPartition, OffsetAndMetadata> positions(KafkaConsumer<?, ?> consumer) {
        return consumer.assignment().stream()
                .collect(Collectors.toMap(Function.identity(), partition -> new OffsetAndMetadata(consumer.position(partition))));
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(consumerSettings(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.assign(IntStream.range(0, request.partitions())
                .mapToObj(partition -> new TopicPartition(request.input(), partition))
                .toList());
        return consumer;
    }

    private Properties consumerSettings() {
        Properties settings = new Properties();
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, request.brokers());
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, request.applicationId());
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1_000);
        return settings;
    }
}
