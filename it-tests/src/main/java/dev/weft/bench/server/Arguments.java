// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What every server process is told.
 *
 * @param scenario how it behaves: the name of the scenario
 * @param size bytes per message
 * @param threads event loop threads, for those that have any
 * @param backendPort where a proxy leads to, on the loopback; 0 for the scenarios that need none
 * @param identity where {@code key.pem} and {@code cert.pem} are; empty for the scenarios without TLS
 */
record Arguments(String scenario, int size, int threads, int backendPort, Optional<Path> identity) {
    /** Of TLS: the one version that the scenarios are about. */
    static final String TLS_VERSION = "TLSv1.3";

    static final int BACKLOG = 4096;

    static Arguments parse(String[] words) {
        if (words.length < 4 || words.length > 5) {
            throw new IllegalArgumentException(
                    "want SCENARIO SIZE THREADS BACKEND-PORT [IDENTITY]: " + String.join(" ", words));
        }
        return new Arguments(
                words[0],
                Integer.parseInt(words[1]),
                Integer.parseInt(words[2]),
                Integer.parseInt(words[3]),
                words.length == 4 ? Optional.empty() : Optional.of(Path.of(words[4])));
    }

    static Path key(Path identity) {
        return identity.resolve("key.pem");
    }

    static Path certificate(Path identity) {
        return identity.resolve("cert.pem");
    }

    /** Ends the process, which says that it does not know this scenario. */
    UnsupportedOperationException unknownScenario() {
        String reason = "no scenario " + scenario + " here";
        Control.unavailable(reason);
        return new UnsupportedOperationException(reason);
    }
}
