package flink;

import common.Bid;
import common.JsonCodec;
import common.Progress;
import org.apache.flink.api.common.serialization.DeserializationSchema.InitializationContext;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Bids out of the values of records, counted. */
final class BidDeserializer implements KafkaRecordDeserializationSchema<Bid> {
    private static final long serialVersionUID = 1;

    private transient JsonCodec<Bid> codec;

    @Override
    public void open(InitializationContext context) {
        codec = new JsonCodec<>(Bid.class);
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Bid> output) {
        output.collect(codec.read(record.value()));
        Progress.count();
    }

    @Override
    public TypeInformation<Bid> getProducedType() {
        return TypeInformation.of(Bid.class);
    }
}
