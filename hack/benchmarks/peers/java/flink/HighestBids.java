package flink;

import common.Case;
import data.Bid;
import data.HighBid;
import data.Highest;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.util.Collector;

/** Nexmark 7: the highest bids of each auction in a window, then those of the window. */
final class HighestBids {
    private HighestBids() {}

    static DataStream<HighBid> of(DataStream<Bid> bids, Case job) {
        // Not the case itself, which is not serializable.
        long sizeMs = job.sizeMs();
        TumblingEventTimeWindows windows = TumblingEventTimeWindows.of(job.size());
        return bids.map(bid -> HighBid.of(bid, sizeMs))
                .returns(HighBid.class)
                .keyBy(bid -> bid.auction, Types.LONG)
                .window(windows)
                .aggregate(new HighestOfBids())
                .keyBy(highest -> highest.bids.get(0).windowEnd, Types.LONG)
                .window(windows)
                .reduce(Highest::merge)
                .flatMap((Highest highest, Collector<HighBid> output) -> highest.bids.forEach(output::collect))
                .returns(HighBid.class);
    }

    private static final class HighestOfBids implements AggregateFunction<HighBid, Highest, Highest> {
        private static final long serialVersionUID = 1;

        @Override
        public Highest createAccumulator() {
            return new Highest();
        }

        @Override
        public Highest add(HighBid bid, Highest highest) {
            return highest.add(bid);
        }

        @Override
        public Highest getResult(Highest highest) {
            return highest;
        }

        @Override
        public Highest merge(Highest one, Highest other) {
            return one.merge(other);
        }
    }
}
