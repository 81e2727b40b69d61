// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

/**
 * Cuts the bytes of one connection for the scenario {@code twowrites}: after each header and after each message,
 * however they arrive. A header is the first eight bytes of a message, the body is the rest.
 */
final class Cutter {
    private static final int HEADER = 8;

    private final int size;
    private int offset; // in the current message

    Cutter(int size) {
        this.size = size;
    }

    /** How many of the available bytes, at least 1 of them, belong into the next write. */
    int next(int available) {
        int part = Math.min(available, (offset < HEADER ? HEADER : size) - offset);
        offset = (offset + part) % size;
        return part;
    }
}
