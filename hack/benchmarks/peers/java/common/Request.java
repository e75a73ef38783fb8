package common;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * What a program is asked to do: its one argument, a JSON object as `request.ts` describes it.
 *
 * @param job the member `case`, whose name Java keeps for itself
 */
public record Request(
        String brokers,
        String input,
        String output,
        String flush,
        int partitions,
        long total,
        @JsonProperty("case") Case job,
        Guarantee guarantee,
        long intervalMs,
        Store store,
        String directory,
        String applicationId) {

    public static Request parse(String[] args) throws JsonProcessingException {
        if (args.length != 1) throw new IllegalArgumentException("one argument is needed: the request as JSON");
        return new ObjectMapper().readValue(args[0], Request.class);
    }

    /** Whether the input has no end: the program runs until it is terminated. */
    public boolean unbounded() {
        return total == 0;
    }

    public boolean exactlyOnce() {
        return guarantee == Guarantee.EXACTLY_ONCE;
    }

    /** Whether event time matters, and results come when windows close. */
    public boolean timed() {
        return job.kind() != Case.Kind.PASS_THROUGH && job.kind() != Case.Kind.FILTER_MAP;
    }
}
