package common;

import java.util.function.Function;

/** How every program starts and ends: 0 when it is done or was terminated in an unbounded run, 1 with a stack on standard error otherwise. */
public final class Program {
    private static final long PATIENCE_MS = 20_000;

    private Program() {}

    public static void run(String[] args, Function<Request, Job> create) {
        try {
            Request request = Request.parse(args);
            Job job = create.apply(request);
            if (request.unbounded()) stopWhenTerminated(job, Thread.currentThread());
            Progress.start();
            job.run();
            if (request.unbounded()) return;
            Progress.done();
            exit(0);
        } catch (Throwable failure) {
            failure.printStackTrace();
            exit(1);
        }
    }

    private static void stopWhenTerminated(Job job, Thread main) {
        Thread hook = new Thread(() -> {
            job.stop();
            try {
                main.join(PATIENCE_MS);
            } catch (InterruptedException interrupted) {
                // The exit is next in any case.
            }
            exit(main.isAlive() ? 1 : 0);
        });
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Not System.exit: it would wait for the hook, and the hook could not choose the code. */
    private static void exit(int code) {
        System.out.flush();
        System.err.flush();
        Runtime.getRuntime().halt(code);
    }
}
