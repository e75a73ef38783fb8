package plain;

import common.Case;
import data.Bid;
import data.Total;
import data.WindowTotal;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Count and sum per auction in event-time windows, in hash maps. A window is written when the watermark passes its end; the watermark is the
 * lowest over the partitions of the highest event time less the out-of-orderness. Bids behind it are dropped. Nothing of it survives a crash.
 */
final class WindowedTotals implements Step {
    private final Case job;
    private final Consumer<WindowTotal> output;
    /** Window start -> auction -> total, the oldest window first. */
    private final TreeMap<Long, Map<Long, Total>> windows = new TreeMap<>();
    /** By partition. */
    private final long[] highest;
    private long watermark = Long.MIN_VALUE;

    WindowedTotals(Case job, int partitions, Consumer<WindowTotal> output) {
        this.job = job;
        this.output = output;
        highest = new long[partitions];
        Arrays.fill(highest, Long.MIN_VALUE);
    }

    @Override
    public void take(int partition, Bid bid) {
        if (bid.dateTime > highest[partition]) highest[partition] = bid.dateTime;
        long newest = bid.dateTime - Math.floorMod(bid.dateTime, job.slideMs());
        for (long start = newest; start > bid.dateTime - job.sizeMs(); start -= job.slideMs()) {
            if (isClosed(start)) break;
            windows.computeIfAbsent(start, window -> new HashMap<>())
                    .computeIfAbsent(bid.auction, auction -> new Total())
                    .add(bid.price);
        }
    }

    @Override
    public void advance() {
        long lowest = Arrays.stream(highest).min().getAsLong();
        // A partition without a bid holds all windows open.
        if (lowest == Long.MIN_VALUE) return;
        watermark = Math.max(watermark, lowest - job.outOfOrdernessMs() - 1);
        while (!windows.isEmpty() && isClosed(windows.firstKey())) writeOldest();
    }

    @Override
    public void finish() {
        while (!windows.isEmpty()) writeOldest();
    }

    private boolean isClosed(long start) {
        return start + job.sizeMs() - 1 <= watermark;
    }

    private void writeOldest() {
        Map.Entry<Long, Map<Long, Total>> oldest = windows.pollFirstEntry();
        oldest.getValue().forEach((auction, total) -> output.accept(WindowTotal.of(auction, oldest.getKey(), oldest.getKey() + job.sizeMs(), total)));
    }
}
