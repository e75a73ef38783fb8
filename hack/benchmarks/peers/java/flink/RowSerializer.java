package flink;

import common.JsonCodec;
import data.Row;
import org.apache.flink.api.common.serialization.SerializationSchema.InitializationContext;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Rows as records of the output topic. Kafka's own partitioner goes by their key. */
final class RowSerializer<T extends Row> implements KafkaRecordSerializationSchema<T> {
    private static final long serialVersionUID = 1;

    private final String topic;
    private final Class<T> type;
    private transient JsonCodec<T> codec;

    RowSerializer(String topic, Class<T> type) {
        this.topic = topic;
        this.type = type;
    }

    @Override
    public void open(InitializationContext context, KafkaSinkContext sinkContext) {
        codec = new JsonCodec<>(type);
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(T row, KafkaSinkContext context, Long timestamp) {
        return new ProducerRecord<>(topic, JsonCodec.key(row), codec.write(row));
    }
}
