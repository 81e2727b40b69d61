// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import dev.weft.net.Listener;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/** The server on weft, through its public API and with its defaults. */
final class WeftServer {
    private WeftServer() {}

    public static void main(String[] words) throws Exception {
        Arguments arguments = Arguments.parse(words);
        Server server = Net.createServer(behaviour(arguments));
        server.listen(0, "127.0.0.1");
        Control.serveOn(((InetSocketAddress) server.bound().get()).getPort());
    }

    private static Listener<Stream> behaviour(Arguments arguments) {
        return switch (arguments.scenario()) {
            case "echo" -> WeftServer::echo;
            case "twowrites" -> stream -> writeTwice(stream, arguments.size());
            default -> throw arguments.unknownScenario();
        };
    }

    private static void echo(Stream stream) {
        stream.setNoDelay();
        stream.onData(stream::write);
    }

    private static void writeTwice(Stream stream, int size) {
        Cutter cutter = new Cutter(size);
        stream.setNoDelay();
        stream.onData(bytes -> {
            while (bytes.hasRemaining()) {
                int part = cutter.next(bytes.remaining());
                ByteBuffer next = bytes.slice(bytes.position(), part);
                bytes.position(bytes.position() + part);
                stream.write(next);
            }
        });
    }
}
