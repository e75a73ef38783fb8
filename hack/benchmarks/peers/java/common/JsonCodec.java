package common;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import data.Row;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * Objects of one class as JSON, by Jackson databind. As Jackson's own page on performance advises: one mapper for all, readers and writers made
 * for their class once, bytes instead of strings.
 */
public final class JsonCodec<T> {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final ObjectReader reader;
    private final ObjectWriter writer;

    public JsonCodec(Class<T> type) {
        reader = MAPPER.readerFor(type);
        writer = MAPPER.writerFor(type);
    }

    public T read(byte[] bytes) {
        try {
            return reader.readValue(bytes);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    public byte[] write(T value) {
        try {
            return writer.writeValueAsBytes(value);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** The key of a record that holds this row. */
    public static byte[] key(Row row) {
        return Long.toString(row.rowKey()).getBytes(StandardCharsets.US_ASCII);
    }
}
