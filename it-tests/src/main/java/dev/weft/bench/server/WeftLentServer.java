// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import dev.weft.net.Listener;
import dev.weft.net.Net;
import dev.weft.net.Stream;

/** The server on weft with what it offers for much data: buffers that are lent, and pipes. */
final class WeftLentServer {
    private WeftLentServer() {}

    public static void main(String[] words) throws Exception {
        Arguments arguments = Arguments.parse(words);
        WeftServer.listen(arguments, behaviour(arguments));
    }

    private static Listener<Stream> behaviour(Arguments arguments) {
        return switch (arguments.scenario()) {
            case "echo", "tls" -> stream -> stream.onRead(stream::write);
            case "upload", "tlsupload" -> stream -> stream.onRead(bytes -> {});
            case "proxy", "proxymsg" -> stream -> proxy(stream, arguments.backendPort());
            default -> throw arguments.unknownScenario();
        };
    }

    private static void proxy(Stream client, int backendPort) {
        Stream backend = Net.createConnection(backendPort);
        backend.setNoDelay();
        client.pipe(backend).pipe(client);
    }
}
