package flink;

import common.Case;
import common.Request;
import data.AuctionCount;
import data.Bid;
import data.ExpensiveBid;
import data.HighBid;
import data.HouseEvent;
import data.NewUser;
import data.Row;
import data.Timed;
import data.WindowTotal;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.WindowAssigner;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

/** The cases in the DataStream API. Source and sink are set up as Flink's page on the Kafka connector says. */
final class Pipeline {
    private final StreamExecutionEnvironment environment;
    private final Request request;
    private final Case job;

    private Pipeline(StreamExecutionEnvironment environment, Request request) {
        this.environment = environment;
        this.request = request;
        this.job = request.job();
    }

    static void build(StreamExecutionEnvironment environment, Request request) {
        Pipeline pipeline = new Pipeline(environment, request);
        switch (request.job().kind()) {
            case PASS_THROUGH -> pipeline.write(pipeline.bids(), Bid.class);
            case FILTER_MAP -> pipeline.write(pipeline.bids().filter(ExpensiveBid::matches).map(ExpensiveBid::of), ExpensiveBid.class);
            case WINDOWED, SESSIONS -> pipeline.write(pipeline.totals(pipeline.bids()), WindowTotal.class);
            case HOT_ITEMS -> pipeline.write(HotItems.of(pipeline.bids(), request.job()), AuctionCount.class);
            case HIGHEST_BIDS -> pipeline.write(HighestBids.of(pipeline.bids(), request.job()), HighBid.class);
            case NEW_USERS -> pipeline.write(NewUsers.of(pipeline.records(HouseEvent.class), request.job()), NewUser.class);
        }
    }

    private DataStream<WindowTotal> totals(DataStream<Bid> bids) {
        // Not the case itself, which is not serializable.
        Case.Key by = job.by();
        return bids.map(bid -> KeyedPrice.of(by.of(bid), bid.price))
                .returns(KeyedPrice.class)
                .keyBy(price -> price.key, Types.LONG)
                .window(windows())
                .aggregate(new SumPrices(), new NameWindow());
    }

    private WindowAssigner<Object, TimeWindow> windows() {
        if (job.kind() == Case.Kind.SESSIONS) return EventTimeSessionWindows.withGap(job.gap());
        return job.slideMs() == job.sizeMs()
                ? TumblingEventTimeWindows.of(job.size())
                : SlidingEventTimeWindows.of(job.size(), job.slide());
    }

    private DataStream<Bid> bids() {
        return records(Bid.class);
    }

    private <T extends Timed> DataStream<T> records(Class<T> type) {
        return environment.fromSource(source(type), watermarks(), "input");
    }

    /** For each partition; where nothing asks for the time there is none. */
    private <T extends Timed> WatermarkStrategy<T> watermarks() {
        if (!request.timed()) return WatermarkStrategy.noWatermarks();
        return WatermarkStrategy.<T>forBoundedOutOfOrderness(job.outOfOrderness()).withTimestampAssigner((value, timestamp) -> value.eventTime());
    }

    private <T> KafkaSource<T> source(Class<T> type) {
        KafkaSourceBuilder<T> source = KafkaSource.<T>builder()
                .setBootstrapServers(request.brokers())
                .setGroupId(request.applicationId())
                .setTopics(request.input())
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setDeserializer(new JsonDeserializer<>(type))
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
