package streams;

import data.Total;
import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** A total as 16 bytes, in the store and its changelog: smaller and faster than JSON, which nobody reads there. */
final class TotalSerde implements Serde<Total> {
    @Override
    public Serializer<Total> serializer() {
        return (topic, total) -> {
            if (total == null) return null;
            return ByteBuffer.allocate(2 * Long.BYTES).putLong(total.count).putLong(total.sum).array();
        };
    }

    @Override
    public Deserializer<Total> deserializer() {
        return (topic, bytes) -> {
            if (bytes == null) return null;
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            Total total = new Total();
            total.count = buffer.getLong();
            total.sum = buffer.getLong();
            return total;
        };
    }
}
