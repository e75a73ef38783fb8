package flink;

import common.JsonCodec;
import common.Progress;
import org.apache.flink.api.common.serialization.DeserializationSchema.InitializationContext;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Objects of one class out of the values of records, counted. */
final class JsonDeserializer<T> implements KafkaRecordDeserializationSchema<T> {
    private static final long serialVersionUID = 1;

    private final Class<T> type;
    private transient JsonCodec<T> codec;

    JsonDeserializer(Class<T> type) {
        this.type = type;
    }

    @Override
    public void open(InitializationContext context) {
        codec = new JsonCodec<>(type);
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<T> output) {
        output.collect(codec.read(record.value()));
        Progress.count();
    }

    @Override
    public TypeInformation<T> getProducedType() {
        return TypeInformation.of(type);
    }
}
