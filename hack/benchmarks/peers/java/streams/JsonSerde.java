package streams;

import common.JsonCodec;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** Objects of one class as JSON in a topic. */
final class JsonSerde<T> implements Serde<T> {
    private final JsonCodec<T> codec;

    JsonSerde(Class<T> type) {
        codec = new JsonCodec<>(type);
    }

    @Override
    public Serializer<T> serializer() {
        return (topic, value) -> value == null ? null : codec.write(value);
    }

    @Override
    public Deserializer<T> deserializer() {
        return (topic, bytes) -> bytes == null ? null : codec.read(bytes);
    }
}
