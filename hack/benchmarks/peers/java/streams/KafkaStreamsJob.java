package streams;

import common.Job;
import common.Program;
import common.Progress;
import common.Request;
import java.time.Duration;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** The job in Kafka Streams: one instance with one stream thread. Settings follow the guides named at `StreamsSettings`. */
public final class KafkaStreamsJob implements Job {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long LOOK_MS = 20;

    private final Request request;
    private volatile boolean stopping;
    private volatile Throwable failure;

    private KafkaStreamsJob(Request request) {
        this.request = request;
    }

    public static void main(String[] args) {
        Program.run(args, KafkaStreamsJob::new);
    }

    @Override
    public void run() throws InterruptedException {
        Flush flush = new Flush(request);
        KafkaStreams streams = new KafkaStreams(JobTopology.of(request, flush), StreamsSettings.of(request));
        streams.setUncaughtExceptionHandler(exception -> {
            failure = exception;
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
        while (!isThrough() && !isEnding()) Thread.sleep(LOOK_MS);
        if (request.timed() && isThrough()) flush.run(this::isEnding);
        // It commits what is processed.
        boolean closed = streams.close(PATIENCE);
        if (failure != null) throw new IllegalStateException("Kafka Streams has failed", failure);
        if (!closed) throw new IllegalStateException("Kafka Streams did not close within " + PATIENCE);
    }

    @Override
    public void stop() {
        stopping = true;
    }

    private boolean isThrough() {
        return !request.unbounded() && Progress.processed() >= request.total();
    }

    private boolean isEnding() {
        return stopping || failure != null;
    }
}
