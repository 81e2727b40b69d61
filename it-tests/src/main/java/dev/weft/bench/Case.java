// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

/** The size of a load: connections, bytes per message, and messages in flight on each connection. */
record Case(int connections, int size, int inFlight) {
    @Override
    public String toString() {
        return "%,d connection%s, %,d bytes, %,d in flight"
                .formatted(connections, connections == 1 ? "" : "s", size, inFlight);
    }
}
