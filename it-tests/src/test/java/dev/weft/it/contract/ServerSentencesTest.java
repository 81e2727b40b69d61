// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.weft.it.support.Await;
import dev.weft.it.support.Events;
import dev.weft.it.support.Peer;
import dev.weft.net.Encoding;
import dev.weft.net.Net;
import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.Registration;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The sentences on net.Server. */
class ServerSentencesTest extends SentencesTest {
    private static int port(Server server) {
        return assertInstanceOf(InetSocketAddress.class, server.address()).getPort();
    }

    private static void awaitBound(Server server) {
        SocketAddress unused = Await.value("the server is bound", server.bound());
    }

    private static String read(String host, int port) throws IOException {
        try (Socket socket = new Socket(host, port)) {
            socket.setSoTimeout((int) Await.LIMIT.toMillis());
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
    }

    @Test
    @DisplayName("This class is used to create a TCP or UNIX server.")
    void serverServesTcp() throws IOException {
        Server server = scope.add(Net.createServer(stream -> stream.end("served")));
        server.listen(0, "127.0.0.1");
        awaitBound(server);
        assertEquals("served", read("127.0.0.1", port(server)));
    }

    @Test
    @DisplayName("Here is an example of a echo server which listens for connections on port 8124:")
    void exampleOfTheDocumentRunsWordForWord() {
        Server server = Net.createServer(stream -> {
            stream.setEncoding(Encoding.UTF8);
            stream.onConnect(() -> stream.write("hello\r\n"));
            stream.onText(text -> stream.write(text));
            stream.onEnd(() -> {
                stream.write("goodbye\r\n");
                stream.end();
            });
        });
        server.listen(8124, "localhost");

        scope.add(server);
        skipIfInUse(server);
        Stream client = scope.add(Net.createConnection(8124, "localhost"));
        Events events = Events.of(scope, client);
        events.awaitText("hello\r\n");
        client.write("h\u00e9llo \u20ac ");
        events.awaitText("hello\r\nh\u00e9llo \u20ac ");
        client.end("bye ");
        events.assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals("hello\r\nh\u00e9llo \u20ac bye goodbye\r\n", events.text());
    }

    private static void skipIfInUse(Server server) {
        server.onError(error -> {});
        Throwable failure = Await.value("bound, or not", server.bound().handle((address, e) -> e));
        if (failure instanceof NetException e && e.code() == Code.ADDRESS_IN_USE) {
            abort("port 8124 is in use on this machine");
        }
    }

    @Test
    @DisplayName("This is an `EventEmitter` with the following events:")
    void listenersCanBeAddedAndRemoved() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        Server server = wire.server(options -> options, stream -> stream.end("x"));
        Registration removed = server.onConnection(stream -> calls.addAndGet(100));
        server.onConnection(stream -> calls.incrementAndGet());
        removed.remove();
        assertEquals("x", wire.dial(wire.listen(server)).readTextToEnd());
        // the peer may see the end before the next listener has been called
        Await.until(() -> "one of the two was called: " + calls, () -> calls.get() == 1);
    }

    @Test
    @DisplayName("'connection': Emitted when a new connection is made.")
    void connectionIsToldForEachConnection() throws IOException {
        AtomicInteger connections = new AtomicInteger();
        Server server = wire.listening(stream -> connections.incrementAndGet());
        Peer first = wire.dial(server).finish();
        Peer second = wire.dial(server).finish();
        assertEquals("", first.readTextToEnd());
        assertEquals("", second.readTextToEnd());
        assertEquals(2, connections.get());
    }

    @Test
    @DisplayName("`stream` is an instance of `net.Stream`.")
    void connectionBringsAStream() throws IOException {
        CompletableFuture<Object> brought = new CompletableFuture<>();
        Server server = wire.listening(brought::complete);
        Peer unused = wire.dial(server);
        assertInstanceOf(Stream.class, Await.value("connection", brought));
    }

    @Test
    @DisplayName("'close': Emitted when the server closes.")
    void closeIsTold() {
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        Server server = wire.server();
        server.onClose(() -> closed.complete(true));
        wire.listen(server).close();
        Await.value("close", closed);
    }

    @Test
    @DisplayName("Creates a new TCP server.")
    void createServerCreatesOneThatDoesNotListenYet() {
        Server server = Net.createServer(stream -> {});
        assertNull(server.address());
        assertEquals(0, server.connections());
    }

    @Test
    @DisplayName("The `connectionListener` argument is automatically set as a listener for the `'connection'` event.")
    void listenerOfCreateServerIsAConnectionListener() throws IOException {
        Server server = scope.add(Net.createServer(stream -> stream.end("hello")));
        wire.listen(server);
        assertEquals("hello", wire.dial(server).readTextToEnd());
    }

    @Test
    @DisplayName("Begin accepting connections on the specified `port` and `host`.")
    void listenAcceptsThere() throws IOException {
        // a port that was free a moment ago, asked for by its number
        Server former = wire.listening(stream -> {});
        int port = port(former);
        former.close();
        Await.value("closed", former.closed());
        Server server = wire.server(options -> options, stream -> stream.end("there"));
        server.listen(port, "127.0.0.1");
        awaitBound(server);
        assertEquals(port, port(server));
        assertEquals("there", read("127.0.0.1", port));
    }

    @Test
    @DisplayName(
            "If the `host` is omitted, the server will accept connections directed to any IPv4 address (`INADDR_ANY`).")
    void listenWithoutHostAcceptsOnAnyIpv4Address() throws IOException {
        Server server = scope.add(Net.createServer(stream -> stream.end(stream.localAddress())));
        server.listen(0);
        awaitBound(server);
        assertEquals("127.0.0.1", read("127.0.0.1", port(server)));
        assertEquals("127.1.2.3", read("127.1.2.3", port(server)));
        assertThrows(IOException.class, () -> read("::1", port(server)));
    }

    @Test
    @DisplayName("listen: This function is asynchronous.")
    void failureToListenIsToldLater() {
        Server first = wire.listening(stream -> {});
        Server second = wire.server();
        second.listen(port(first), "127.0.0.1"); // does not throw
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        second.onError(error::complete);
        assertInstanceOf(NetException.class, Await.value("error", error));
    }

    @Test
    @DisplayName("The last parameter `callback` will be called when the server has been bound.")
    void callbackIsCalledWhenBound() {
        CompletableFuture<SocketAddress> address = new CompletableFuture<>();
        Server server = wire.server();
        server.listen(0, "127.0.0.1", () -> address.complete(server.address()));
        assertEquals(Await.value("the callback", address), server.address());
        CompletableFuture<SocketAddress> withoutHost = new CompletableFuture<>();
        Server other = wire.server();
        other.listen(0, () -> withoutHost.complete(other.address()));
        assertEquals(Await.value("the callback", withoutHost), other.address());
    }

    @Test
    @DisplayName("Stops the server from accepting new connections.")
    void closeStopsAccepting() throws IOException {
        Server server = wire.listening(stream -> stream.onData(stream::write));
        int port = port(server);
        Peer peer = wire.dial(server).send("a");
        assertEquals("a", peer.readText(1));
        server.close();
        assertEquals("b", peer.send("b").readText(1));
        peer.close();
        Await.value("closed", server.closed());
        assertThrows(IOException.class, () -> read("127.0.0.1", port));
    }

    @Test
    @DisplayName("This function is asynchronous, the server is finally closed when the server emits a `'close'` event.")
    void closeIsToldWhenTheLastConnectionHasEnded() throws IOException {
        CompletableFuture<Integer> connectionsAtClose = new CompletableFuture<>();
        Server server = wire.listening(stream -> stream.onData(stream::write));
        server.onClose(() -> connectionsAtClose.complete(server.connections()));
        Peer peer = wire.dial(server).send("a");
        assertEquals("a", peer.readText(1));
        server.close();
        wire.settle();
        assertFalse(connectionsAtClose.isDone());
        peer.close();
        assertEquals(0, Await.value("close", connectionsAtClose));
    }

    @Test
    @DisplayName("Set this property to reject connections when the server's connection count gets high.")
    void maxConnectionsRejectsTheNext() throws IOException {
        Server server = wire.listening(stream -> stream.write("welcome"));
        server.setMaxConnections(1);
        assertEquals("welcome", wire.dial(server).readText(7));
        Peer rejected = wire.dial(server);
        assertEquals("", rejected.readTextToEnd());
        rejected.close();
    }

    @Test
    @DisplayName("The number of concurrent connections on the server.")
    void connectionsCountsThem() throws IOException {
        Server server = wire.listening(stream -> stream.write("welcome"));
        assertEquals(0, server.connections());
        Peer first = wire.dial(server);
        assertEquals("welcome", first.readText(7));
        assertEquals(1, server.connections());
        Peer second = wire.dial(server);
        assertEquals("welcome", second.readText(7));
        assertEquals(2, server.connections());
        first.close();
        Await.until("one connection is left", () -> server.connections() == 1);
    }
}
