package streams;

import common.Progress;
import common.Request;
import data.AuctionCount;
import data.Bid;
import data.ExpensiveBid;
import data.HighBid;
import data.HouseEvent;
import data.NewUser;
import data.Row;
import data.Timed;
import data.WindowTotal;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;

/** The cases in the Streams DSL. */
final class JobTopology {
    private final Request request;
    private final Flush flush;
    private final StreamsBuilder builder = new StreamsBuilder();

    private JobTopology(Request request, Flush flush) {
        this.request = request;
        this.flush = flush;
    }

    static Topology of(Request request, Flush flush) {
        return new JobTopology(request, flush).build();
    }

    private Topology build() {
        switch (request.job().kind()) {
            case PASS_THROUGH -> write(input(Bid.class), Bid.class);
            case FILTER_MAP -> {
                KStream<String, Bid> expensive = input(Bid.class).filter((key, bid) -> ExpensiveBid.matches(bid));
                write(expensive.mapValues(ExpensiveBid::of), ExpensiveBid.class);
            }
            case WINDOWED, SESSIONS -> write(Totals.of(timed(Bid.class), request, flush), WindowTotal.class);
            case HOT_ITEMS -> write(HotItems.of(timed(Bid.class), request, flush), AuctionCount.class);
            case HIGHEST_BIDS -> write(HighestBids.of(timed(Bid.class), request, flush), HighBid.class);
            case NEW_USERS -> write(NewUsers.of(timed(HouseEvent.class), request, flush), NewUser.class);
        }
        return builder.build();
    }

    /** With the records that move the time on behind the end of the input. */
    private <T extends Timed> KStream<String, T> timed(Class<T> type) {
        return input(type).peek(flush::sawRecord).merge(stream(request.flush(), type).peek(flush::sawOwn));
    }

    private <T extends Timed> KStream<String, T> input(Class<T> type) {
        return stream(request.input(), type).peek((key, value) -> Progress.count());
    }

    private <T extends Timed> KStream<String, T> stream(String topic, Class<T> type) {
        return builder.stream(topic, Consumed.with(Serdes.String(), new JsonSerde<>(type)).withTimestampExtractor(new EventTime()));
    }

    private <T extends Row> void write(KStream<String, T> rows, Class<T> type) {
        rows.to(request.output(), Produced.with(Serdes.String(), new JsonSerde<>(type)));
    }
}
