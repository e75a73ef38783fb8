package flink;

import common.Job;
import common.Program;
import common.Request;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The job in Flink: a cluster in this process, parallelism 1. Settings follow the guides named at `FlinkSettings`. */
public final class FlinkJob implements Job {
    private final Request request;
    private final CompletableFuture<JobClient> started = new CompletableFuture<>();
    private volatile boolean stopping;

    private FlinkJob(Request request) {
        this.request = request;
    }

    public static void main(String[] args) {
        Program.run(args, FlinkJob::new);
    }

    @Override
    public void run() throws Exception {
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(1, FlinkSettings.of(request));
        Pipeline.build(environment, request);
        JobClient client = environment.executeAsync(request.applicationId());
        started.complete(client);
        try {
            // A bounded job ends with a last checkpoint, which commits the last transaction.
            client.getJobExecutionResult().get();
        } catch (ExecutionException failure) {
            if (!stopping) throw failure;
        }
    }

    @Override
    public void stop() {
        stopping = true;
        started.thenCompose(JobClient::cancel).join();
    }
}
