package data;

/** What has happened at a time. */
public interface Timed {
    /** Epoch milliseconds. */
    long eventTime();
}
