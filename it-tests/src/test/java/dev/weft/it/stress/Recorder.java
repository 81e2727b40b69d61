// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weft.net.NetException;
import dev.weft.net.Stream;
import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes down what a stream tells: its events in order, with any number of {@code data} in a row as one, and what has
 * arrived.
 */
public final class Recorder {
    /** How much of what arrives is kept as text; all of it goes into the checksum. */
    private static final int KEPT = 64 << 10;

    private final Stream stream;

    // -- Guarded by this. --
    private final List<String> events = new ArrayList<>();
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final MessageDigest digest = Bytes.sha256();
    private Throwable error;
    private long bytes;

    private Recorder(Stream stream) {
        this.stream = stream;
    }

    /**
     * Listens to everything from now on.
     *
     * @param stream to listen to
     * @return what writes it down
     */
    public static Recorder of(Stream stream) {
        Recorder recorder = new Recorder(stream);
        stream.onConnect(() -> recorder.add("connect"));
        stream.onData(data -> recorder.arrived(Bytes.array(data.duplicate())));
        stream.onEnd(() -> recorder.add("end"));
        stream.onTimeout(() -> recorder.add("timeout"));
        stream.onError(recorder::failed);
        stream.onClose(hadError -> recorder.add("close " + hadError));
        return recorder;
    }

    private synchronized void add(String event) {
        events.add(event);
    }

    private synchronized void arrived(byte[] data) {
        if (events.isEmpty() || !events.getLast().equals("data")) {
            events.add("data");
        }
        bytes += data.length;
        digest.update(data);
        kept.write(data, 0, Math.clamp(KEPT - kept.size(), 0, data.length));
    }

    private synchronized void failed(Throwable failure) {
        error = failure;
        events.add("error");
    }

    /** {@return the stream} */
    public Stream stream() {
        return stream;
    }

    /** {@return the events so far; {@code close} with its detail} */
    public synchronized List<String> events() {
        return List.copyOf(events);
    }

    /** {@return the beginning of what has arrived} */
    public synchronized String text() {
        return kept.toString(UTF_8);
    }

    /** {@return how much has arrived} */
    public synchronized long bytes() {
        return bytes;
    }

    /** {@return the SHA-256 of what has arrived; may be asked for once} */
    public synchronized String sha256Hex() {
        return Bytes.hex(digest);
    }

    /** {@return what was told with {@code error}, null for nothing} */
    public synchronized Throwable error() {
        return error;
    }

    /** {@return the code of what was told with {@code error}, null for nothing or for something without} */
    public synchronized NetException.Code errorCode() {
        return error instanceof NetException failure ? failure.code() : null;
    }

    /**
     * Waits for an event.
     *
     * @param event as it stands in {@link #events()}
     */
    public void await(String event) {
        Wait.until(() -> event + " of " + this, () -> events().contains(event));
    }

    /** Waits for {@code close}, with an error or without. */
    public void awaitClose() {
        Wait.until(() -> "close of " + this, () -> events().stream().anyMatch(event -> event.startsWith("close")));
    }

    /**
     * Waits until the beginning of what has arrived ends like this.
     *
     * @param end of it
     */
    public void awaitText(String end) {
        Wait.until(() -> "\"" + end + "\" at " + this, () -> text().endsWith(end));
    }

    @Override
    public synchronized String toString() {
        return stream + ", events " + events + ", " + bytes + " bytes, "
                + (kept.size() < 200 ? "\"" + text() + "\"" : "...") + (error == null ? "" : ", " + error);
    }
}
