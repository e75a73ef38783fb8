package flink;

import common.Case;
import data.HouseEvent;
import data.NewUser;
import data.Sign;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** Nexmark 8: what is known of each person in a window, and who has joined and sells. */
final class NewUsers {
    private NewUsers() {}

    static DataStream<NewUser> of(DataStream<HouseEvent> events, Case job) {
        return events.map(Sign::of)
                .keyBy(sign -> sign.id, Types.LONG)
                .window(TumblingEventTimeWindows.of(job.size()))
                .reduce(Sign::merge, new NameNewUser());
    }

    private static final class NameNewUser extends ProcessWindowFunction<Sign, NewUser, Long, TimeWindow> {
        private static final long serialVersionUID = 1;

        @Override
        public void process(Long id, Context context, Iterable<Sign> signs, Collector<NewUser> output) {
            Sign sign = signs.iterator().next();
            if (sign.joinedAndSells()) output.collect(NewUser.of(sign, context.window().getStart()));
        }
    }
}
