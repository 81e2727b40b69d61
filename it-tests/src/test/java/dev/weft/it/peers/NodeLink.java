// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.peers;

import dev.weft.it.stress.Child;
import dev.weft.it.stress.Recorder;
import dev.weft.it.stress.Wait;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;
import java.net.InetSocketAddress;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** A connection between one of our streams and a socket of Node, which {@code peer.js} does as told. */
public final class NodeLink implements AutoCloseable {
    /** Who opens the connection; the other one listens. */
    enum Opener {
        NODE_CONNECTS,
        WE_CONNECT
    }

    private final Server server;
    private final Recorder ours;
    private final Child node;

    private NodeLink(Server server, Recorder ours, Child node) {
        this.server = server;
        this.ours = ours;
        this.node = node;
    }

    /**
     * A connection that is established.
     *
     * @param setUp adds listeners to our stream
     * @param commands what Node is told first
     */
    static NodeLink open(Opener opener, Consumer<Stream> setUp, String... commands) {
        return open(opener, StreamOptions.defaults(), setUp, commands);
    }

    /** {@link #open} with {@code allowHalfOpen} on our side. */
    static NodeLink openHalf(Opener opener, Consumer<Stream> setUp, String... commands) {
        return open(opener, StreamOptions.defaults().allowHalfOpen(true), setUp, commands);
    }

    private static NodeLink open(Opener opener, StreamOptions options, Consumer<Stream> setUp, String... commands) {
        Child node = node(commands);
        try {
            NodeLink link =
                    opener == Opener.NODE_CONNECTS ? accept(node, options, setUp) : connect(node, options, setUp);
            node.expect("connect");
            link.ours.await("connect");
            return link;
        } catch (Throwable e) {
            node.close();
            throw e;
        }
    }

    /** Node with {@code peer.js}, not connected yet. */
    public static Child node(String... commands) {
        Child node = Child.start(List.of("node", script()));
        List.of(commands).forEach(node::tell);
        return node;
    }

    private static String script() {
        try {
            return Path.of(NodeLink.class.getResource("peer.js").toURI()).toString();
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static NodeLink accept(Child node, StreamOptions options, Consumer<Stream> setUp) {
        CompletableFuture<Recorder> accepted = new CompletableFuture<>();
        Server server = Net.createServer(ServerOptions.defaults().stream(options), stream -> {
            Recorder recorder = Recorder.of(stream);
            setUp.accept(stream);
            accepted.complete(recorder);
        });
        node.tell("connect " + port(server.listen(0, "127.0.0.1")));
        return new NodeLink(server, Wait.result("Node connects", accepted), node);
    }

    private static NodeLink connect(Child node, StreamOptions options, Consumer<Stream> setUp) {
        node.tell("listen");
        int port = Integer.parseInt(node.expect("listening"));
        Stream stream = Net.createStream(options);
        Recorder recorder = Recorder.of(stream);
        setUp.accept(stream);
        stream.connect(port);
        return new NodeLink(null, recorder, node);
    }

    /** Where a server listens, as soon as it does. */
    static int port(Server server) {
        return ((InetSocketAddress) Wait.result("the server listens", server.bound())).getPort();
    }

    Recorder ours() {
        return ours;
    }

    Stream stream() {
        return ours.stream();
    }

    Child node() {
        return node;
    }

    @Override
    public void close() {
        node.close();
        ours.stream().destroy();
        if (server != null) {
            server.close();
            Wait.result("the server has closed", server.closed());
        }
    }

    @Override
    public String toString() {
        return "ours: " + ours + "\nnode: " + node;
    }
}
