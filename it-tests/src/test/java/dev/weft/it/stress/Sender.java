// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import dev.weft.net.Stream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** Sends many bytes as the document says it is done: until {@code write} returns false, and on after {@code drain}. */
public final class Sender {
    private final Stream stream;
    private final Bytes bytes;
    private final int chunkSize;
    private final CompletableFuture<String> sent = new CompletableFuture<>();
    private final AtomicLong mostBuffered = new AtomicLong();

    private Sender(Stream stream, Bytes bytes, int chunkSize) {
        this.stream = stream;
        this.bytes = bytes;
        this.chunkSize = chunkSize;
    }

    /**
     * Begins to send, on this thread, and ends the stream after the last byte.
     *
     * @param stream that is connected
     * @param count of bytes
     * @param seed of their values
     * @param chunkSize of one write
     * @return how it goes on
     */
    public static Sender start(Stream stream, long count, long seed, int chunkSize) {
        Sender sender = new Sender(stream, new Bytes(count, seed), chunkSize);
        stream.onDrain(sender::send);
        stream.onClose(hadError -> sender.sent.completeExceptionally(new AssertionError("closed before all was sent")));
        sender.send();
        return sender;
    }

    /** The first call may still be at it when {@code drain} comes on another thread. */
    private synchronized void send() {
        while (bytes.hasNext()) {
            boolean flushed = stream.write(bytes.next(chunkSize));
            mostBuffered.accumulateAndGet(stream.bufferedBytes(), Math::max);
            if (!flushed) {
                return;
            }
        }
        if (!sent.isDone()) {
            stream.end();
            sent.complete(bytes.sha256Hex());
        }
    }

    /** {@return the SHA-256 of all bytes once they are written} */
    public CompletableFuture<String> sent() {
        return sent;
    }

    /** {@return the most bytes that were queued after a write} */
    public long mostBuffered() {
        return mostBuffered.get();
    }
}
