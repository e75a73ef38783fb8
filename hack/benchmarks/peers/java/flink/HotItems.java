package flink;

import common.Case;
import data.AuctionCount;
import data.Bid;
import data.Hottest;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** Nexmark 5: bids per auction in sliding windows, then the auctions with most of each window. */
final class HotItems {
    private HotItems() {}

    static DataStream<AuctionCount> of(DataStream<Bid> bids, Case job) {
        return bids.map(bid -> bid.auction)
                .returns(Types.LONG)
                .keyBy(auction -> auction, Types.LONG)
                .window(SlidingEventTimeWindows.of(job.size(), job.slide()))
                .aggregate(new Count(), new NameCount())
                .keyBy(count -> count.windowEnd, Types.LONG)
                // Counts bear the last moment of their windows: all of one window meet here, and no others.
                .window(TumblingEventTimeWindows.of(job.slide()))
                .aggregate(new Most(), new NameMost(job.sizeMs()));
    }

    private static final class Count implements AggregateFunction<Long, Long, Long> {
        private static final long serialVersionUID = 1;

        @Override
        public Long createAccumulator() {
            return 0L;
        }

        @Override
        public Long add(Long auction, Long count) {
            return count + 1;
        }

        @Override
        public Long getResult(Long count) {
            return count;
        }

        @Override
        public Long merge(Long one, Long other) {
            return one + other;
        }
    }

    private static final class NameCount extends ProcessWindowFunction<Long, AuctionCount, Long, TimeWindow> {
        private static final long serialVersionUID = 1;

        @Override
        public void process(Long auction, Context context, Iterable<Long> counts, Collector<AuctionCount> output) {
            TimeWindow window = context.window();
            output.collect(AuctionCount.of(auction, counts.iterator().next(), window.getStart(), window.getEnd()));
        }
    }

    private static final class Most implements AggregateFunction<AuctionCount, Hottest, Hottest> {
        private static final long serialVersionUID = 1;

        @Override
        public Hottest createAccumulator() {
            return new Hottest();
        }

        @Override
        public Hottest add(AuctionCount count, Hottest hottest) {
            return hottest.add(count);
        }

        @Override
        public Hottest getResult(Hottest hottest) {
            return hottest;
        }

        /** For windows that merge, which these are not. */
        @Override
        public Hottest merge(Hottest one, Hottest other) {
            throw new UnsupportedOperationException();
        }
    }

    private static final class NameMost extends ProcessWindowFunction<Hottest, AuctionCount, Long, TimeWindow> {
        private static final long serialVersionUID = 1;

        private final long sizeMs;

        NameMost(long sizeMs) {
            this.sizeMs = sizeMs;
        }

        @Override
        public void process(Long windowEnd, Context context, Iterable<Hottest> hottest, Collector<AuctionCount> output) {
            hottest.iterator().next().rows(windowEnd - sizeMs, windowEnd).forEach(output::collect);
        }
    }
}
