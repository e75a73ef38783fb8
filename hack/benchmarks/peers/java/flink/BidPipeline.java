package flink;

import common.Bid;
import common.Case;
import common.ExpensiveBid;
import common.Request;
import common.Row;
import common.WindowTotal;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.WindowAssigner;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

/** The three cases in the DataStream API. Source and sink are set up as Flink's page on the Kafka connector says. */
final class BidPipeline {
    private final Request request;
    private final Case job;

    private BidPipeline(Request request) {
        this.request = request;
        this.job = request.job();
    }

    static void build(StreamExecutionEnvironment environment, Request request) {
        BidPipeline pipeline = new BidPipeline(request);
        DataStream<Bid> bids = environment.fromSource(pipeline.source(), pipeline.watermarks(), "bids");
        switch (request.job().kind()) {
            case PASS_THROUGH -> pipeline.write(bids, Bid.class);
            case FILTER_MAP -> pipeline.write(bids.filter(ExpensiveBid::matches).map(ExpensiveBid::of), ExpensiveBid.class);
            case WINDOWED -> pipeline.write(pipeline.totals(bids), WindowTotal.class);
        }
    }

    private DataStream<WindowTotal> totals(DataStream<Bid> bids) {
        return bids.map(Price::of)
                .keyBy(price -> price.auction, Types.LONG)
                .window(windows())
                .aggregate(new SumPrices(), new NameWindow());
    }

    private WindowAssigner<Object, TimeWindow> windows() {
        return job.slideMs() == job.sizeMs()
                ? TumblingEventTimeWindows.of(job.size())
                : SlidingEventTimeWindows.of(job.size(), job.slide());
    }

    /** For each partition; where nothing asks for the time there is none. */
    private WatermarkStrategy<Bid> watermarks() {
        if (!request.windowed()) return WatermarkStrategy.noWatermarks();
        return WatermarkStrategy.<Bid>forBoundedOutOfOrderness(job.outOfOrderness()).withTimestampAssigner((bid, timestamp) -> bid.dateTime);
    }

    private KafkaSource<Bid> source() {
        KafkaSourceBuilder<Bid> source = KafkaSource.<Bid>builder()
                .setBootstrapServers(request.brokers())
                .setGroupId(request.applicationId())
                .setTopics(request.input())
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setDeserializer(new BidDeserializer())
                .setProperty(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed")
                .setProperty(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "1000");
        return (request.unbounded() ? source : source.setBounded(OffsetsInitializer.latest())).build();
    }

    private <T extends Row> void write(DataStream<T> rows, Class<T> type) {
        rows.sinkTo(KafkaSink.<T>builder()
                .setBootstrapServers(request.brokers())
                .setRecordSerializer(new RowSerializer<>(request.output(), type))
                .setDeliveryGuarantee(request.exactlyOnce() ? DeliveryGuarantee.EXACTLY_ONCE : DeliveryGuarantee.AT_LEAST_ONCE)
                .setTransactionalIdPrefix(request.applicationId())
                .setProperty(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, "120000")
                .setProperty(ProducerConfig.BATCH_SIZE_CONFIG, String.valueOf(128 * 1024))
                .setProperty(ProducerConfig.LINGER_MS_CONFIG, "10")
                .build());
    }
}
