package flink;

import data.Total;
import data.WindowTotal;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** Adds to a total whose it is. */
final class NameWindow extends ProcessWindowFunction<Total, WindowTotal, Long, TimeWindow> {
    private static final long serialVersionUID = 1;

    @Override
    public void process(Long key, Context context, Iterable<Total> totals, Collector<WindowTotal> output) {
        TimeWindow window = context.window();
        output.collect(WindowTotal.of(key, window.getStart(), window.getEnd(), totals.iterator().next()));
    }
}
