// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

/** The server writes what it reads. */
final class Echo extends ClosedLoop {
    @Override
    public String name() {
        return "echo";
    }

    @Override
    public String title() {
        return "the server writes what it reads";
    }
}
