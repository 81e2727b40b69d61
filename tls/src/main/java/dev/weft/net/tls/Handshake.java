// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * How far a connection is, and where its reader and its writer wait for each other.
 *
 * <pre>
 *   SHAKING ─shaken()─▶ SHAKEN ─done()─▶ DONE ─confirm()─▶ CONFIRMED
 *
 *   any ─fail()─▶ FAILED          any ─close()─▶ CLOSED
 * </pre>
 *
 * <ul>
 *   <li>{@code SHAKING}: the engine has more to send or to hear.
 *   <li>{@code SHAKEN}: it has not, and the reader has yet to look at the peer's certificate.
 *   <li>{@code DONE}: the program is being told. {@code CONFIRMED}: its bytes may flow.
 *   <li>{@code FAILED}: all that is left to do is to tell the peer by an alert.
 * </ul>
 */
final class Handshake {
    enum Stage {
        SHAKING,
        SHAKEN,
        DONE,
        CONFIRMED,
        FAILED,
        CLOSED
    }

    private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.SHAKING);
    private volatile @Nullable SSLException failure;

    private volatile @Nullable Thread reader;
    private volatile @Nullable Thread writer;

    Stage stage() {
        return stage.get();
    }

    boolean is(Stage expected) {
        return stage.get() == expected;
    }

    void shaken() {
        advance(Stage.SHAKING, Stage.SHAKEN);
    }

    void done() {
        advance(Stage.SHAKEN, Stage.DONE);
    }

    void confirm() {
        advance(Stage.DONE, Stage.CONFIRMED);
    }

    private void advance(Stage from, Stage to) {
        if (stage.compareAndSet(from, to)) {
            wakeReader();
            wakeWriter();
        }
    }

    void fail(SSLException cause) {
        if (failure == null) {
            failure = cause;
        }
        Stage now = stage.getAndUpdate(old -> old == Stage.CLOSED ? old : Stage.FAILED);
        if (now != Stage.FAILED) {
            wakeReader();
            wakeWriter();
        }
    }

    void close() {
        stage.set(Stage.CLOSED);
        wakeReader();
        wakeWriter();
    }

    /** What to throw in FAILED and CLOSED. */
    IOException failure() {
        SSLException cause = failure;
        return is(Stage.FAILED) && cause != null ? cause : new AsynchronousCloseException();
    }

    void wakeReader() {
        LockSupport.unpark(reader);
    }

    void wakeWriter() {
        LockSupport.unpark(writer);
    }

    /**
     * The reader waits for the writer. Parks.
     *
     * @param over asks the engine before the stage: waiting for the engine's lock may use up the wake-up of a new stage
     */
    void awaitAsReader(BooleanSupplier over, long nanos) throws IOException {
        reader = Thread.currentThread();
        try {
            long deadline = System.nanoTime() + nanos;
            while (!over.getAsBoolean()) {
                long rest = deadline - System.nanoTime();
                if (rest <= 0) {
                    return;
                }
                throwIfInterrupted();
                LockSupport.parkNanos(this, rest); // parks
            }
        } finally {
            reader = null;
        }
    }

    /**
     * The writer waits for the reader, or for the program to confirm. Parks.
     *
     * @param over asks the engine before the stage, as in {@link #awaitAsReader}
     */
    void awaitAsWriter(BooleanSupplier over) throws IOException {
        writer = Thread.currentThread();
        try {
            while (!over.getAsBoolean()) {
                throwIfInterrupted();
                LockSupport.park(this); // parks
            }
        } finally {
            writer = null;
        }
    }

    /** A channel is closed if a thread that waits for it is interrupted, and so is this. */
    private static void throwIfInterrupted() throws IOException {
        if (Thread.currentThread().isInterrupted()) {
            throw new ClosedByInterruptException();
        }
    }
}
