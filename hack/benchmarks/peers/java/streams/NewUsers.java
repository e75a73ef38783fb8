package streams;

import common.Case;
import common.Request;
import data.HouseEvent;
import data.NewUser;
import data.Sign;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.TimeWindows;

/** Nexmark 8: what is known of each person in a window, and who has joined and sells. Joins of streams have no tumbling windows here. */
final class NewUsers {
    private NewUsers() {}

    static KStream<String, NewUser> of(KStream<String, HouseEvent> events, Request request, Flush flush) {
        Case job = request.job();
        KStream<String, Sign> signs = events.map((key, event) -> {
            Sign sign = Sign.of(event);
            return KeyValue.pair(Long.toString(sign.id), sign);
        });
        return FinalResults.shuffled(signs, "by-person", RowSerdes.SIGN)
                .groupByKey(Grouped.with(Serdes.String(), RowSerdes.SIGN))
                .windowedBy(TimeWindows.ofSizeAndGrace(job.size(), FinalResults.GRACE_BEHIND_SHUFFLE))
                .emitStrategy(EmitStrategy.onWindowClose())
                .aggregate(
                        Sign::new,
                        (id, sign, known) -> known.merge(sign),
                        FinalResults.windows(request, "new-users", job.size(), FinalResults.GRACE_BEHIND_SHUFFLE, RowSerdes.SIGN))
                .toStream()
                .processValues(flush::gate)
                .filter((key, sign) -> sign.joinedAndSells())
                .map((key, sign) -> KeyValue.pair(key.key(), NewUser.of(sign, key.window().start())));
    }
}
