package common;

/** A program between its start and its end. */
public interface Job {
    /** Returns when every input record is processed and what came of it is committed, or soon after `stop`. */
    void run() throws Exception;

    /** Called by another thread. */
    void stop();
}
