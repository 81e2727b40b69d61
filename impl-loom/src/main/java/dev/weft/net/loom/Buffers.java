// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.nio.ByteBuffer;
import java.util.Queue;
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

    private Buffers() {}

    static ByteBuffer take() {
        ByteBuffer buffer = FREE.poll();
        return buffer == null ? ByteBuffer.allocateDirect(SIZE) : buffer.clear();
    }

    static void give(ByteBuffer buffer) {
        FREE.offer(buffer);
    }
}
