package streams;

import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;

/** Gives results the last moment of their window as their time, as other systems do: so all of one window come into the same one of the windows behind. */
final class AtWindowEnd<T> extends ContextualFixedKeyProcessor<Windowed<String>, T, T> {
    @Override
    public void process(FixedKeyRecord<Windowed<String>, T> result) {
        context().forward(result.withTimestamp(result.key().window().end() - 1));
    }
}
