package plain;

import common.JsonCodec;
import common.Request;
import data.Row;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The output topic, and the commit of input offsets behind what was written: after it (at least once) or in one transaction with it (exactly
 * once). Batch size and linger follow Confluent's "Optimize Clients for Throughput".
 */
final class Output<T extends Row> implements AutoCloseable {
    /** For a close after a failure; otherwise there is nothing left to send. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final String topic;
    private final JsonCodec<T> codec;
    private final KafkaProducer<byte[], byte[]> producer;
    private final boolean transactional;
    private boolean inTransaction;
    private volatile Exception failure;

    Output(Request request, Class<T> type) {
        topic = request.output();
        codec = new JsonCodec<>(type);
        transactional = request.exactlyOnce();
        producer = new KafkaProducer<>(settings(request), new ByteArraySerializer(), new ByteArraySerializer());
        if (transactional) producer.initTransactions();
    }

    private static Properties settings(Request request) {
        Properties settings = new Properties();
        settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, request.brokers());
        settings.put(ProducerConfig.BATCH_SIZE_CONFIG, 128 * 1024);
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 10);
        if (request.exactlyOnce()) settings.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, request.applicationId());
        return settings;
    }

    void send(T row) {
        begin();
        producer.send(new ProducerRecord<>(topic, JsonCodec.key(row), codec.write(row)), (metadata, exception) -> {
            if (exception != null) failure = exception;
        });
    }

    /** Returns when all rows are in the topic, and the offsets are committed. */
    void commit(Consumer<?, ?> consumer, Map<TopicPartition, OffsetAndMetadata> offsets) {
        if (transactional) {
            begin();
            producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
            producer.commitTransaction();
            inTransaction = false;
            return;
        }
        producer.flush();
        if (failure != null) throw new IllegalStateException("a row could not be written to " + topic, failure);
        consumer.commitSync(offsets);
    }

    /** Not before there is something to write: to close in an empty transaction takes the producer half a minute. */
    private void begin() {
        if (!transactional || inTransaction) return;
        producer.beginTransaction();
        inTransaction = true;
    }

    @Override
    public void close() {
        producer.close(PATIENCE);
    }
}
