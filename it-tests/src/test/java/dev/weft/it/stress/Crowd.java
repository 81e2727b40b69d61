// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import dev.weft.net.Stream;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** Platform threads that all write to one stream, in frames, and wait for {@code drain} when it is full. */
final class Crowd {
    static final int LARGEST_FRAME = (16 << 10) + Frames.HEADER;

    private final Stream stream;
    private final AtomicLong mostBuffered = new AtomicLong();
    private CompletableFuture<List<String>> sent;

    // -- Guarded by this. --
    private long drains;
    private boolean closed;

    private Crowd(Stream stream) {
        this.stream = stream;
        stream.onDrain(this::drained);
        stream.onClose(hadError -> closed());
    }

    /** Begins, and ends the stream after the last thread's last byte. */
    static Crowd start(Stream stream, int threads, long bytesEach, long seed) {
        Crowd crowd = new Crowd(stream);
        List<CompletableFuture<String>> each = IntStream.range(0, threads)
                .mapToObj(thread -> crowd.startThread(thread, bytesEach, seed + thread))
                .toList();
        crowd.sent = CompletableFuture.allOf(each.toArray(CompletableFuture<?>[]::new))
                .thenApply(all -> {
                    stream.end();
                    return each.stream().map(CompletableFuture::join).toList();
                });
        return crowd;
    }

    private CompletableFuture<String> startThread(int thread, long bytes, long seed) {
        CompletableFuture<String> written = new CompletableFuture<>();
        Thread.ofPlatform().name("crowd-" + thread).start(() -> {
            try {
                written.complete(write(thread, bytes, seed));
            } catch (Throwable e) {
                written.completeExceptionally(e);
            }
        });
        return written;
    }

    private synchronized void drained() {
        drains++;
        notifyAll();
    }

    private synchronized void closed() {
        closed = true;
        notifyAll();
    }

    private synchronized long drains() {
        return drains;
    }

    private String write(int thread, long count, long seed) {
        Random sizes = new Random(seed);
        Bytes bytes = new Bytes(count, seed);
        while (bytes.hasNext()) {
            byte[] frame = Frames.frame(thread, bytes.next(1 + sizes.nextInt(LARGEST_FRAME - Frames.HEADER)));
            long before = drains();
            boolean flushed = stream.write(frame);
            mostBuffered.accumulateAndGet(stream.bufferedBytes(), Math::max);
            if (!flushed) {
                awaitDrain(before);
            }
        }
        return bytes.sha256Hex();
    }

    private synchronized void awaitDrain(long before) {
        long deadline = System.nanoTime() + Wait.LIMIT.toNanos();
        while (drains == before) {
            long rest = deadline - System.nanoTime();
            if (closed || rest <= 0) {
                throw new AssertionError((closed ? "closed" : "no drain") + " after write returned false: " + stream);
            }
            try {
                wait(1 + rest / 1_000_000);
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted", e);
            }
        }
    }

    /** The SHA-256 of each thread's bytes, once they are written. */
    CompletableFuture<List<String>> sent() {
        return sent;
    }

    /** The most bytes that were queued after a write. */
    long mostBuffered() {
        return mostBuffered.get();
    }
}
