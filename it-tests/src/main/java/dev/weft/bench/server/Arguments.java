// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

/**
 * What every server process is told.
 *
 * @param scenario how it behaves: the name of the scenario
 * @param size bytes per message
 * @param threads event loop threads, for those that have any
 * @param backendPort where a proxy leads to, on the loopback; 0 for the scenarios that need none
 */
record Arguments(String scenario, int size, int threads, int backendPort) {
    static final int BACKLOG = 4096;

    static Arguments parse(String[] words) {
        if (words.length != 4) {
            throw new IllegalArgumentException("want SCENARIO SIZE THREADS BACKEND-PORT: " + String.join(" ", words));
        }
        return new Arguments(
                words[0], Integer.parseInt(words[1]), Integer.parseInt(words[2]), Integer.parseInt(words[3]));
    }

    /** Ends the process, which says that it does not know this scenario. */
    UnsupportedOperationException unknownScenario() {
        String reason = "no scenario " + scenario + " here";
        Control.unavailable(reason);
        return new UnsupportedOperationException(reason);
    }
}
