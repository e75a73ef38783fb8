package common;

/** What a program writes: a JSON object whose key is its auction, as text. */
public interface Row {
    long auction();
}
