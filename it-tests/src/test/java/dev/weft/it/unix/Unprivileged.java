// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.util.concurrent.TimeUnit;

/** Listens on one path and connects to another, as someone who may not, and says what the errors say. */
final class Unprivileged {
    private Unprivileged() {}

    /** Tries. */
    public static void main(String[] arguments) throws Exception {
        Server server = Net.createServer();
        server.onError(error -> System.out.println(error.getMessage()));
        server.listen(arguments[0]);
        server.bound().handle((address, e) -> e).get(20, TimeUnit.SECONDS);
        Stream stream = Net.createStream();
        stream.onError(error -> System.out.println(error.getMessage()));
        stream.connect(arguments[1]);
        stream.closed().get(20, TimeUnit.SECONDS);
        System.exit(0);
    }
}
