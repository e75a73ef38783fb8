package common;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the input records that the job has taken in, and says so on standard output every 100 ms. Where records go through a topic between two parts
 * of the job, what is on its way there counts as half a record each.
 */
public final class Progress {
    private static final long EVERY_MS = 100;

    /** Static, because some engines copy their functions: all copies must count in one place. */
    private static final AtomicLong PROCESSED = new AtomicLong();

    private static final AtomicLong SENT = new AtomicLong();
    private static final AtomicLong TAKEN = new AtomicLong();

    private static boolean ended;

    private Progress() {}

    /** To be called by one thread only, which makes it as cheap as a plain field. */
    public static void count() {
        increment(PROCESSED);
    }

    /** Into a topic of the job's own. As with `count`. */
    public static void sent() {
        increment(SENT);
    }

    /** Out of it. As with `count`. */
    public static void taken() {
        increment(TAKEN);
    }

    public static long processed() {
        return Math.max(0, PROCESSED.getAcquire() - (onTheirWay() + 1) / 2);
    }

    /** Records that were sent and not taken yet. */
    public static long onTheirWay() {
        // First: it must not seem more than what was sent.
        long taken = TAKEN.getAcquire();
        return SENT.getAcquire() - taken;
    }

    private static void increment(AtomicLong counter) {
        counter.setRelease(counter.getPlain() + 1);
    }

    public static void start() {
        Thread printer = new Thread(Progress::printForever, "progress");
        printer.setDaemon(true);
        printer.start();
    }

    /** The last line: nothing follows. */
    public static synchronized void done() {
        print();
        say("{\"done\": true}");
        ended = true;
    }

    private static void printForever() {
        try {
            while (true) {
                Thread.sleep(EVERY_MS);
                print();
            }
        } catch (InterruptedException interrupted) {
            // Nobody does; the thread would simply end.
        }
    }

    private static synchronized void print() {
        if (!ended) say("{\"processed\": " + processed() + "}");
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
