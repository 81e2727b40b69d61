// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

/**
 * The size of a load.
 *
 * @param size bytes per message, or per chunk
 * @param inFlight messages under way on each connection; 0 where it is not a matter of messages and answers
 */
record Case(int connections, int size, int inFlight) {
    @Override
    public String toString() {
        String text = "%,d connection%s, %,d bytes".formatted(connections, connections == 1 ? "" : "s", size);
        return inFlight == 0 ? text : text + ", %,d in flight".formatted(inFlight);
    }
}
