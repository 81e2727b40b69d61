// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import java.nio.ByteBuffer;

/** What the servers send in bulk: the same chunk again and again. {@code bench.h} has it too. */
final class Chunk {
    static final int SIZE = 64 * 1024;

    private static final int PERIOD = 251;

    private Chunk() {}

    static byte[] array() {
        byte[] bytes = new byte[SIZE];
        for (int i = 0; i < SIZE; i++) bytes[i] = (byte) (i % PERIOD * 131 % PERIOD);
        return bytes;
    }

    /** Outside the heap, where the kernel can take it without a copy. */
    static ByteBuffer direct() {
        return ByteBuffer.allocateDirect(SIZE).put(array()).flip();
    }
}
