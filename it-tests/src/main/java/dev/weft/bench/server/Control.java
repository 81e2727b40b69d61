// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import java.io.IOException;

/**
 * How a server process speaks with the benchmark that started it: one line on its standard output, and it lives as long
 * as its standard input. So no server outlives a benchmark that was killed.
 */
final class Control {
    private Control() {}

    /** Says where the server listens, and ends the process when the benchmark closes its end. */
    static void serveOn(int port) throws IOException {
        say("listening " + port);
        while (System.in.read() >= 0) {
            // nothing is ever written there
        }
        Runtime.getRuntime().halt(0);
    }

    /** Says why this machine, or this server, cannot take part. */
    static void unavailable(String reason) {
        say("unavailable: " + reason);
        Runtime.getRuntime().halt(0);
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
