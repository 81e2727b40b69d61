// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.weft.net.Stream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Writes down what a stream tells: {@code connect}, {@code data}, {@code drain}, ..., {@code close(true)}. */
final class Journal {
    private final List<String> events = new ArrayList<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final ConcurrentLinkedQueue<Throwable> errors = new ConcurrentLinkedQueue<>();

    private Journal() {}

    /** To be called before the stream has a connection, so that nothing is missed. */
    static Journal of(Stream stream) {
        Journal journal = new Journal();
        stream.onConnect(() -> journal.add("connect"));
        stream.onSecure(() -> journal.add("secure"));
        stream.onData(journal::received);
        stream.onEnd(() -> journal.add("end"));
        stream.onTimeout(() -> journal.add("timeout"));
        stream.onDrain(() -> journal.add("drain"));
        stream.onError(error -> {
            journal.errors.add(error);
            journal.add("error");
        });
        stream.onClose(hadError -> journal.add("close(" + hadError + ")"));
        return journal;
    }

    private synchronized void add(String event) {
        events.add(event);
    }

    /** Chunks that follow each other are one event: where they are cut is up to chance. */
    private synchronized void received(ByteBuffer chunk) {
        while (chunk.hasRemaining()) {
            bytes.write(chunk.get());
        }
        if (events.isEmpty() || !events.getLast().equals("data")) {
            events.add("data");
        }
    }

    synchronized List<String> events() {
        return List.copyOf(events);
    }

    synchronized int count(String event) {
        return (int) events.stream().filter(event::equals).count();
    }

    synchronized byte[] bytes() {
        return bytes.toByteArray();
    }

    synchronized int size() {
        return bytes.size();
    }

    synchronized String text() {
        return bytes.toString(ISO_8859_1);
    }

    Throwable error() {
        return errors.peek();
    }

    void awaitEvent(String event) {
        awaitCount(event, 1);
    }

    void awaitCount(String event, int count) {
        Await.until(event + " is told " + count + " times", () -> count(event) >= count);
        assertEquals(count, count(event), () -> event + " in " + events());
    }

    void awaitText(String expected) {
        Await.until("as many bytes as in \"" + expected + "\" have arrived", () -> size() >= expected.length());
        assertEquals(expected, text());
    }

    /** Waits for close, and requires these events in this order. */
    void awaitClosed(String... expected) {
        Await.until(
                "close is told", () -> !events().isEmpty() && events().getLast().startsWith("close"));
        assertEquals(List.of(expected), events());
    }

    /** Waits for close, and requires that these events were the last, in this order; drain may come at any time. */
    void awaitClosedBy(String... last) {
        Await.until(
                "close is told", () -> !events().isEmpty() && events().getLast().startsWith("close"));
        List<String> events = new ArrayList<>(events());
        events.removeIf("drain"::equals);
        assertEquals(List.of(last), events.subList(Math.max(0, events.size() - last.length), events.size()));
    }
}
