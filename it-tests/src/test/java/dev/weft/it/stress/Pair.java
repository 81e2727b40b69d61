// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** A connection between two of our streams. */
final class Pair implements AutoCloseable {
    private final Server server;
    private final Recorder accepted;
    private final Recorder connected;

    private Pair(Server server, Recorder accepted, Recorder connected) {
        this.server = server;
        this.accepted = accepted;
        this.connected = connected;
    }

    /** A connection that is established; the consumers add listeners before anything is read. */
    static Pair open(StreamOptions options, Consumer<Stream> onAccepted, Consumer<Stream> onConnected) {
        CompletableFuture<Recorder> accepting = new CompletableFuture<>();
        Server server = Net.createServer(ServerOptions.defaults().stream(options), stream -> {
            Recorder recorder = Recorder.of(stream);
            onAccepted.accept(stream);
            accepting.complete(recorder);
        });
        server.listen(0, "127.0.0.1");
        Stream client = Net.createStream(options);
        Recorder connected = Recorder.of(client);
        onConnected.accept(client);
        client.connect(port(server));
        Recorder accepted = Wait.result("the server accepts", accepting);
        connected.await("connect");
        accepted.await("connect");
        return new Pair(server, accepted, connected);
    }

    static Pair open(StreamOptions options) {
        return open(options, stream -> {}, stream -> {});
    }

    static int port(Server server) {
        return ((InetSocketAddress) Wait.result("the server listens", server.bound())).getPort();
    }

    Server server() {
        return server;
    }

    Recorder accepted() {
        return accepted;
    }

    Recorder connected() {
        return connected;
    }

    @Override
    public void close() {
        connected.stream().destroy();
        accepted.stream().destroy();
        server.close();
        Wait.result("the server has closed", server.closed());
    }

    @Override
    public String toString() {
        return "accepted: " + accepted + "\nconnected: " + connected;
    }
}
