package plain;

import data.Bid;

/** What is done with each bid. */
interface Step {
    void take(int partition, Bid bid);

    /** After each poll: writes what has become final. */
    default void advance() {}

    /** After the last bid of all. */
    default void finish() {}
}
