package flink;

import common.Request;
import common.Store;
import java.time.Duration;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.state.rocksdb.RocksDBOptions;

/**
 * Settings of the cluster in this process. They follow Flink's "Execution Configuration" (object reuse) and "Tuning Checkpoints and Large State"
 * (incremental checkpoints, managed memory); what is left out has its default. Each is explained in the README.
 */
final class FlinkSettings {
    private FlinkSettings() {}

    static Configuration of(Request request) {
        Configuration settings = new Configuration();
        settings.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(request.intervalMs()));
        settings.set(CheckpointingOptions.CHECKPOINTING_CONSISTENCY_MODE, mode(request));
        settings.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, "file://" + request.directory() + "/flink/checkpoints");
        settings.set(PipelineOptions.OBJECT_REUSE, true);
        settings.set(PipelineOptions.GENERIC_TYPES, false);
        settings.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        settings.set(RestOptions.BIND_PORT, "0");
        settings.set(CoreOptions.TMP_DIRS, request.directory() + "/flink/tmp");
        settings.set(StateBackendOptions.STATE_BACKEND, request.store() == Store.DISK ? "rocksdb" : "hashmap");
        if (request.store() == Store.DISK) keepOnDisk(settings, request);
        return settings;
    }

    private static void keepOnDisk(Configuration settings, Request request) {
        settings.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
        settings.set(RocksDBOptions.LOCAL_DIRECTORIES, request.directory() + "/flink/rocksdb");
        settings.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(256));
    }

    private static CheckpointingMode mode(Request request) {
        return request.exactlyOnce() ? CheckpointingMode.EXACTLY_ONCE : CheckpointingMode.AT_LEAST_ONCE;
    }
}
