package streams;

import common.Request;
import java.util.Properties;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;

/**
 * Settings of the client. They follow Kafka's "Configuring a Streams Application" and, for the producer's batches, Confluent's "Optimize Clients for
 * Throughput"; what is left out has its default. Each is explained in the README.
 */
final class StreamsSettings {
    private StreamsSettings() {}

    static Properties of(Request request) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, request.applicationId());
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, request.brokers());
        settings.put(StreamsConfig.STATE_DIR_CONFIG, request.directory() + "/streams");
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, guarantee(request));
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, request.intervalMs());
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 128 * 1024);
        return settings;
    }

    private static String guarantee(Request request) {
        return request.exactlyOnce() ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE;
    }
}
