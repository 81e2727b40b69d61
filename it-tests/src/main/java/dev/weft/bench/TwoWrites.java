// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.util.List;

/**
 * The server writes each message back in two writes: its first eight bytes, as a header, and the rest. What a library
 * makes of that (two system calls, one that gathers, a copy) is its own affair.
 */
final class TwoWrites extends ClosedLoop {
    private static final int HEADER = 8;

    @Override
    public String name() {
        return "twowrites";
    }

    @Override
    public String title() {
        return "the server answers each message with two writes, header and body";
    }

    @Override
    public List<Case> cases(Options options) {
        for (int size : options.sizes()) {
            if (size <= HEADER) throw new IllegalArgumentException("--sizes must be > 8 for twowrites: " + size);
        }
        return super.cases(options);
    }
}
