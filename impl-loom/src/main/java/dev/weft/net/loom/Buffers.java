// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * Large direct buffers to read into, lent for one read that does not park, and for as long as a borrower then uses it: so
 * there are hardly more in use than threads that run, and a waiting connection holds none.
 */
final class Buffers {
    /**
     * Takes what a fast sender has ready between two reads, and still fits the cache of a core. The more a call moves, the
     * fewer times a peer is woken up: with 64 KiB, a proxy takes twice the time.
     */
    static final int SIZE = 256 << 10;

    /** Where borrowers block and hold so many that the limit is reached, the others get such a one from the heap. */
    private static final int MAKESHIFT_SIZE = 32 << 10;

    private static final int MOST = Math.max(16, 4 * Runtime.getRuntime().availableProcessors());

    /** The first free one is the one that was used last, most likely, and so in the cache of the core: hence no queue. */
    private static final AtomicReferenceArray<ByteBuffer> FREE = new AtomicReferenceArray<>(MOST);

    /** How many there are, lent ones included. */
    private static final AtomicInteger MADE = new AtomicInteger();

    /** How many turns are under way in which a listener has been lent a buffer. */
    private static final LongAdder LENDING = new LongAdder();

    private Buffers() {}

    static ByteBuffer take() {
        for (int i = 0; i < MOST; i++) {
            ByteBuffer free = FREE.getPlain(i) == null ? null : FREE.getAndSet(i, null);
            if (free != null) {
                return free.clear();
            }
        }
        return make();
    }

    private static ByteBuffer make() {
        if (MADE.incrementAndGet() <= MOST) {
            try {
                return ByteBuffer.allocateDirect(SIZE);
            } catch (OutOfMemoryError e) {
                Log.debug("a direct buffer", e);
            }
        }
        MADE.decrementAndGet();
        return ByteBuffer.allocate(MAKESHIFT_SIZE);
    }

    static void give(ByteBuffer buffer) {
        for (int i = 0; buffer.isDirect() && i < MOST; i++) {
            if (FREE.getPlain(i) == null && FREE.compareAndSet(i, null, buffer)) {
                return;
            }
        }
    }

    /** It is not given back, since someone may use it still. */
    static void abandon(ByteBuffer buffer) {
        if (buffer.isDirect()) {
            MADE.decrementAndGet();
        }
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
