// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.weft.net.Event;
import dev.weft.net.ReadyState;
import dev.weft.net.Stream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Writes down the events of a stream in their order: {@code connect}, {@code data}, {@code end}, {@code timeout},
 * {@code drain}, {@code error}, {@code close(false)}. Events of {@code data} that follow each other are one entry. What never
 * may be, such as an event after {@code close}, fails the test at its end.
 */
public final class Events {
    /** One event. */
    private record Entry(String name, ReadyState state, Thread thread) {}

    private final Stream stream;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // -- Guarded by lock. --
    private final List<Entry> entries = new ArrayList<>();
    private final List<String> broken = new ArrayList<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private int chunks;
    private Throwable error;
    private String lastOfConnection = "";

    private Events(Stream stream) {
        this.stream = stream;
    }

    /** Records every event of a stream from now on. */
    public static Events of(TestScope scope, Stream stream) {
        Events events = withoutData(scope, stream);
        stream.on(Event.DATA, events::data);
        return events;
    }

    /** Records every event but {@code data}, for which it adds no listener. */
    public static Events withoutData(TestScope scope, Stream stream) {
        Events events = new Events(stream);
        stream.on(Event.CONNECT, s -> events.add("connect"));
        if (!scope.isSecured()) {
            stream.on(Event.SECURE, s -> events.add("secure"));
        }
        stream.on(Event.END, s -> events.add("end"));
        stream.on(Event.TIMEOUT, s -> events.add("timeout"));
        stream.on(Event.DRAIN, s -> events.add("drain"));
        stream.on(Event.ERROR, events::error);
        stream.on(Event.CLOSE, hadError -> events.add("close(" + hadError + ")"));
        scope.add((AutoCloseable) events::check);
        return events;
    }

    // -- Recording. --

    private void data(ByteBuffer buffer) {
        lock.lock();
        try {
            if (!buffer.hasRemaining()) {
                broken.add("data without bytes");
            }
            byte[] chunk = new byte[buffer.remaining()];
            buffer.get(chunk);
            bytes.writeBytes(chunk);
            chunks++;
            if (!lastName().equals("data")) {
                add("data");
            } else {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void error(Throwable thrown) {
        lock.lock();
        try {
            error = thrown;
            add("error");
        } finally {
            lock.unlock();
        }
    }

    private void add(String name) {
        lock.lock();
        try {
            checkOrder(name);
            lastOfConnection = name.startsWith("close") ? "" : name;
            entries.add(new Entry(name, stream.readyState(), Thread.currentThread()));
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void checkOrder(String name) {
        boolean first = lastOfConnection.isEmpty();
        boolean last = name.startsWith("close");
        boolean afterError = lastOfConnection.equals("error");
        if (afterError != name.equals("close(true)")) {
            broken.add(name + " after " + (first ? "close, or first" : lastOfConnection));
        }
        if (first && !last && !List.of("connect", "timeout", "error").contains(name) && !names().isEmpty()) {
            broken.add(name + " after close");
        }
        if (name.equals("connect") && !first && !lastOfConnection.equals("timeout")) {
            broken.add("connect after " + lastOfConnection);
        }
    }

    private void check() {
        lock.lock();
        try {
            if (!broken.isEmpty()) {
                throw new AssertionError("events out of order: " + broken + "; all of them: " + this);
            }
        } finally {
            lock.unlock();
        }
    }

    // -- Asking. --

    /** {@return the stream that is watched} */
    public Stream stream() {
        return stream;
    }

    /** {@return the events so far, {@code data} at most once in a row} */
    public List<String> names() {
        return read(() -> entries.stream().map(Entry::name).toList());
    }

    /** {@return how often an event was told; {@code data} at most once in a row} */
    public int count(String name) {
        return read(() ->
                (int) entries.stream().filter(entry -> entry.name.equals(name)).count());
    }

    /** {@return the state of the stream when the first event of that name was told} */
    public ReadyState stateAt(String name) {
        return read(() -> first(name).state);
    }

    /** {@return the thread on which the first event of that name was told} */
    public Thread threadOf(String name) {
        return read(() -> first(name).thread);
    }

    private Entry first(String name) {
        return entries.stream()
                .filter(entry -> entry.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + name + " among " + this));
    }

    /** {@return what the latest {@code error} brought, or null} */
    public Throwable error() {
        return read(() -> error);
    }

    /** {@return all bytes so far} */
    public byte[] bytes() {
        return read(bytes::toByteArray);
    }

    /** {@return how many bytes there were so far} */
    public int size() {
        return read(bytes::size);
    }

    /** {@return how many {@code data} events there were so far} */
    public int chunks() {
        return read(() -> chunks);
    }

    /** {@return all bytes so far, as UTF-8} */
    public String text() {
        return read(() -> bytes.toString(StandardCharsets.UTF_8));
    }

    private String lastName() {
        return entries.isEmpty() ? "" : entries.getLast().name;
    }

    private <T> T read(Supplier<T> what) {
        lock.lock();
        try {
            return what.get();
        } finally {
            lock.unlock();
        }
    }

    // -- Waiting. --

    /** Waits until an event was told. */
    public Events await(String name) {
        return await(name, 1);
    }

    /** Waits until an event was told so many times. */
    public Events await(String name, int times) {
        return await("'" + name + "'" + (times == 1 ? "" : " " + times + " times"), () -> count(name) >= times);
    }

    /** Waits for {@code close}, with or without error. */
    public Events awaitClose() {
        return await("'close'", () -> count("close(false)") + count("close(true)") > 0);
    }

    /** Waits for exactly this text, all in all. */
    public Events awaitText(String text) {
        await("the text '" + text + "'", () -> bytes.size() >= text.getBytes(StandardCharsets.UTF_8).length);
        assertEquals(text, text());
        return this;
    }

    /** Waits for so many bytes, all in all, or more. */
    public Events awaitSize(int size) {
        return await(size + " bytes of data, " + size() + " so far", () -> bytes.size() >= size);
    }

    private Events await(String what, BooleanSupplier state) {
        lock.lock();
        try {
            long rest = Await.LIMIT.toNanos();
            while (!state.getAsBoolean()) {
                if (rest <= 0) {
                    throw new AssertionError(
                            "not within " + Await.LIMIT.toSeconds() + " s: " + what + "; so far " + this);
                }
                rest = changed.awaitNanos(rest);
            }
            return this;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for " + what, e);
        } finally {
            lock.unlock();
        }
    }

    /** Waits for {@code close} and asserts that exactly these events were told, {@code drain} aside. */
    public Events assertClosedAfter(String... names) {
        return awaitClose().assertNames(names);
    }

    /** Asserts that exactly these events were told so far, {@code drain} aside. */
    public Events assertNames(String... names) {
        List<String> told = new ArrayList<>();
        for (String name : names()) {
            boolean more =
                    name.equals("data") && !told.isEmpty() && told.getLast().equals("data");
            if (!name.equals("drain") && !more) {
                told.add(name);
            }
        }
        assertEquals(List.of(names), told, this::toString);
        return this;
    }

    @Override
    public String toString() {
        return read(() -> {
            StringBuilder text = new StringBuilder(stream.toString()).append(' ');
            entries.forEach(entry ->
                    text.append(entry.name).append('[').append(entry.state).append("] "));
            text.append("with ").append(Payload.summary(bytes.toByteArray()));
            return error == null ? text.toString() : text + " and " + Await.stackOf(error);
        });
    }
}
