// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * Large buffers for records, lent for as long as someone works with them: a reader for one call that does not park, a writer
 * until the kernel has taken what is in it. A connection that waits holds none.
 */
final class Buffers {
    /** What one record takes at most with the JDK's engine; with another one a larger buffer may have to be made. */
    private static final int RECORD = 16709;

    /** A few records, so that a bulk transfer makes fewer system calls. */
    static final int SIZE = 4 * RECORD;

    private static final ArrayBlockingQueue<ByteBuffer> FREE =
            new ArrayBlockingQueue<>(2 * Math.max(2, Runtime.getRuntime().availableProcessors()));

    private Buffers() {}

    /** {@return an empty one with room for so many bytes or more} */
    static ByteBuffer take(int room) {
        if (room > SIZE) {
            return ByteBuffer.allocate(room);
        }
        ByteBuffer buffer = FREE.poll();
        return buffer == null ? ByteBuffer.allocate(SIZE) : buffer.clear();
    }

    static void give(ByteBuffer buffer) {
        if (buffer.capacity() == SIZE) {
            boolean unused = FREE.offer(buffer);
        }
    }
}
