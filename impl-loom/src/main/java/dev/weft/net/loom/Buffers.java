// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.atomic.LongAdder;
import org.jctools.queues.varhandle.MpmcVarHandleArrayQueue;

/**
 * Large direct buffers to read into, lent for one read that does not park: so there are never more in use than threads that
 * run, and a waiting connection holds none.
 */
final class Buffers {
    /** Takes what a fast sender has ready between two reads, and still fits the cache of a core. */
    static final int SIZE = 64 << 10;

    private static final Queue<ByteBuffer> FREE =
            new MpmcVarHandleArrayQueue<>(2 * Math.max(2, Runtime.getRuntime().availableProcessors()));

    /** How many turns are under way in which a listener has been lent a buffer. */
    private static final LongAdder LENDING = new LongAdder();

    private Buffers() {}

    static ByteBuffer take() {
        ByteBuffer buffer = FREE.poll();
        return buffer == null ? ByteBuffer.allocateDirect(SIZE) : buffer.clear();
    }

    static void give(ByteBuffer buffer) {
        FREE.offer(buffer);
    }

    /** Listeners get a buffer that belongs to the engine, until {@link #endLending}. */
    static void beginLending() {
        LENDING.increment();
    }

    static void endLending() {
        LENDING.decrement();
    }

    /**
     * What a program has written, for the queue. A buffer that it was lent is in use again by the time it is written. A part
     * of it cannot be told from a buffer of the program's own: while any is lent, all that are no larger are copied.
     *
     * @return bytes that stay as they are
     */
    static ByteBuffer keep(ByteBuffer bytes) {
        if (bytes.remaining() > SIZE || LENDING.sum() == 0) {
            return bytes;
        }
        return ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
    }
}
