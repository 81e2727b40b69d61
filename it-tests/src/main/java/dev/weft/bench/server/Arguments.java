// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

/**
 * What every server process is told.
 *
 * @param scenario how it behaves: the name of the scenario
 * @param size bytes per message
 * @param threads event loop threads, for those that have any
 */
record Arguments(String scenario, int size, int threads) {
    static final int BACKLOG = 4096;

    static Arguments parse(String[] words) {
        if (words.length != 3) {
            throw new IllegalArgumentException("want SCENARIO SIZE THREADS: " + String.join(" ", words));
        }
        return new Arguments(words[0], Integer.parseInt(words[1]), Integer.parseInt(words[2]));
    }

    /** The exception for a scenario that a server does not know. */
    UnsupportedOperationException unknownScenario() {
        return new UnsupportedOperationException("no scenario " + scenario + " here");
    }
}
