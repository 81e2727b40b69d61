// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.ContractTest;
import dev.weft.it.support.Events;
import dev.weft.it.support.Peer;
import dev.weft.net.Action;
import dev.weft.net.Drop;
import dev.weft.net.Listener;
import dev.weft.net.Net;
import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.ReadyState;
import dev.weft.net.Registration;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

/** Servers: where they listen, what they tell, whom they accept, and how they close. */
class ServerContractTest extends ContractTest {
    private static InetSocketAddress inet(Server server) {
        return assertInstanceOf(InetSocketAddress.class, server.address());
    }

    /** Writes down what a server tells. */
    private static List<String> record(Server server) {
        List<String> events = Collections.synchronizedList(new ArrayList<>());
        server.onListening(() -> events.add("listening"));
        server.onConnection(stream -> events.add("connection"));
        server.onError(error -> events.add("error"));
        server.onDrop(drop -> events.add("drop"));
        server.onClose(() -> events.add("close"));
        return events;
    }

    private static void awaitEvents(List<String> events, String... expected) {
        Await.until(
                () -> List.of(expected) + " from the server, it told " + events,
                () -> events.size() >= expected.length);
        assertEquals(List.of(expected), events);
    }

    // -- Listening. --

    @Test
    void addressIsKnownFromListeningUntilClose() {
        Server server = wire.server();
        assertNull(server.address());
        CompletableFuture<SocketAddress> inListening = new CompletableFuture<>();
        server.onListening(() -> inListening.complete(server.address()));
        assertSame(server, wire.startListening(server));
        SocketAddress bound = Await.value("bound", server.bound());
        assertEquals(bound, Await.value("listening", inListening));
        assertEquals(bound, server.address());
        server.close();
        assertNull(server.address());
        Await.value("closed", server.closed());
        assertNull(server.address());
    }

    @Test
    void portZeroIsReplacedByAFreeOne() {
        assumeTrue(wire.hasPorts());
        Server first = wire.listening(stream -> {});
        Server second = wire.listening(stream -> {});
        assertTrue(inet(first).getPort() > 0);
        assertTrue(inet(second).getPort() > 0);
        assertTrue(inet(first).getPort() != inet(second).getPort());
    }

    @Test
    void callbackIsToldOnceForItsOwnListenOnly() {
        AtomicInteger callbacks = new AtomicInteger();
        Server server = wire.server();
        List<String> events = record(server);
        wire.startListening(server, callbacks::incrementAndGet);
        awaitEvents(events, "listening");
        assertEquals(1, callbacks.get());
        server.close();
        awaitEvents(events, "listening", "close");
        wire.listen(server);
        awaitEvents(events, "listening", "close", "listening");
        assertEquals(1, callbacks.get());
    }

    @Test
    void callbackIsNotToldIfListeningFails() {
        Server first = wire.listening(stream -> {});
        AtomicInteger callbacks = new AtomicInteger();
        Server second = wire.server();
        List<String> events = record(second);
        wire.startListening(second, Objects.requireNonNull(first.address()), callbacks::incrementAndGet);
        awaitEvents(events, "error");
        assertEquals(0, callbacks.get());
    }

    @Test
    void listeningWaitsForItsFirstListener() {
        Server server = wire.listening(stream -> {});
        wire.settle();
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        server.onListening(() -> told.complete(true));
        Await.value("listening for a late listener", told);
    }

    @Test
    void errorWaitsForItsFirstListener() {
        Server first = wire.listening(stream -> {});
        Server second = wire.server();
        wire.startListening(second, Objects.requireNonNull(first.address()));
        Throwable unused = Await.failure("bound", second.bound());
        wire.settle();
        CompletableFuture<Throwable> told = new CompletableFuture<>();
        second.onError(told::complete);
        assertInstanceOf(NetException.class, Await.value("error for a late listener", told));
    }

    @Test
    void closeWaitsForItsFirstListener() {
        Server server = wire.listening(stream -> {});
        server.close();
        Await.value("closed", server.closed());
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        server.onClose(() -> told.complete(true));
        Await.value("close for a late listener", told);
    }

    @Test
    void boundAskedForBeforeListenStandsForIt() {
        Server server = wire.server();
        CompletableFuture<SocketAddress> bound = server.bound();
        assertFalse(bound.isDone());
        wire.startListening(server);
        assertEquals(Await.value("bound", bound), server.address());
    }

    // -- Hosts; of the machine, so not of the transport. --

    @Test
    void withoutAHostEveryIpv4AddressIsServedButNoIpv6One() throws IOException {
        Server server = scope.add(Net.createServer(stream -> stream.end("hello")));
        server.listen(0);
        Await.value("bound", server.bound());
        assertEquals("0.0.0.0", inet(server).getAddress().getHostAddress());
        assertEquals("hello", read("127.0.0.1", inet(server).getPort()));
        assertEquals("hello", read("127.0.0.2", inet(server).getPort()));
        assertThrows(IOException.class, () -> read("::1", inet(server).getPort()));
    }

    @Test
    void withoutAHostTheCallbackIsToldToo() {
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        Server server = scope.add(Net.createServer());
        server.listen(0, () -> told.complete(true));
        Await.value("the callback", told);
        assertEquals("0.0.0.0", inet(server).getAddress().getHostAddress());
    }

    @Test
    void literalHostIsServedAlone() throws IOException {
        Server server = scope.add(Net.createServer(stream -> stream.end("hello")));
        server.listen(0, "127.0.0.2");
        Await.value("bound", server.bound());
        assertEquals("127.0.0.2", inet(server).getAddress().getHostAddress());
        assertEquals("hello", read("127.0.0.2", inet(server).getPort()));
        assertThrows(IOException.class, () -> read("127.0.0.1", inet(server).getPort()));
    }

    @Test
    void nameIsLookedUp() throws IOException {
        Server server = scope.add(Net.createServer(stream -> stream.end("hello")));
        server.listen(0, "localhost");
        Await.value("bound", server.bound());
        assertTrue(inet(server).getAddress().isLoopbackAddress());
        assertEquals(
                "hello",
                read(inet(server).getAddress().getHostAddress(), inet(server).getPort()));
    }

    @Test
    void doubleColonServesBothKindsOfAddresses() throws IOException {
        Server server = scope.add(Net.createServer(stream -> stream.end(stream.remoteAddress())));
        server.listen(0, "::");
        assumeTrue(isBound(server), "this machine cannot listen on ::");
        assertEquals("::1", read("::1", inet(server).getPort()));
        assertEquals("127.0.0.1", read("127.0.0.1", inet(server).getPort()));
    }

    private static boolean isBound(Server server) {
        CompletableFuture<Boolean> bound = server.bound().handle((address, failure) -> failure == null);
        server.onError(error -> {});
        return Await.value("bound, or not", bound);
    }

    private static String read(String host, int port) throws IOException {
        try (Socket socket = new Socket(host, port)) {
            socket.setSoTimeout((int) Await.LIMIT.toMillis());
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
    }

    // -- When it cannot listen. --

    @Test
    void addressInUseIsAnErrorAndNotAClose() {
        Server first = wire.listening(stream -> {});
        Server second = wire.server();
        List<String> events = record(second);
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        second.onError(error::complete);
        CompletableFuture<SocketAddress> bound = second.bound();
        wire.startListening(second, Objects.requireNonNull(first.address()));
        NetException reason = assertInstanceOf(NetException.class, Await.value("error", error));
        assertEquals(Code.ADDRESS_IN_USE, reason.code());
        assertSame(reason, Await.failure("bound", bound));
        wire.settle();
        assertEquals(List.of("error"), events);
        assertNull(second.address());
        second.close();
        wire.settle();
        assertEquals(List.of("error"), events, "close of a server that is not listening");
    }

    @Test
    void itMayListenAgainAfterAFailureAlsoFromInsideError() throws IOException {
        Server first = wire.listening(stream -> {});
        Server second = wire.server(options -> options, stream -> stream.end("second"));
        List<String> events = record(second);
        second.onError(error -> wire.startListening(second));
        wire.startListening(second, Objects.requireNonNull(first.address()));
        awaitEvents(events, "error", "listening");
        assertEquals("second", wire.dial(second).readTextToEnd());
    }

    @Test
    void unknownHostIsAnErrorAndItMayListenAgain() throws IOException {
        Server server = wire.server(options -> options, stream -> stream.end("found"));
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        Registration registration = server.onError(error::complete);
        server.listen(0, "no-such-host.invalid");
        NetException reason = assertInstanceOf(NetException.class, Await.value("error", error));
        assertEquals(Code.HOST_NOT_FOUND, reason.code());
        registration.remove();
        assertEquals("found", wire.dial(wire.listen(server)).readTextToEnd());
    }

    @Test
    void addressOfAnotherMachineIsAnError() {
        Server server = wire.server();
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        server.onError(error::complete);
        server.listen(0, "192.0.2.1"); // TEST-NET-1 of RFC 5737
        NetException reason = assertInstanceOf(NetException.class, Await.value("error", error));
        assertEquals(Code.ADDRESS_NOT_AVAILABLE, reason.code());
    }

    @Test
    void failureWithoutAListenerIsLoggedAtInfo() {
        Server first = wire.listening(stream -> {});
        Server second = wire.server();
        wire.startListening(second, Objects.requireNonNull(first.address()));
        String record = scope.awaitLoggedInfo("in use");
        assertTrue(record.contains("listen"), record);
    }

    @Test
    void badArgumentsAreRefusedWithTheValueAndItMayListenAfterwards() throws IOException {
        Server server = wire.server(options -> options, stream -> stream.end("fine"));
        for (int port : new int[] {-1, 65_536, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, () -> server.listen(port));
            assertTrue(refused.getMessage().contains(String.valueOf(port)), refused::getMessage);
            assertThrows(IllegalArgumentException.class, () -> server.listen(port, "127.0.0.1"));
            assertThrows(IllegalArgumentException.class, () -> server.listen(port, () -> {}));
            assertThrows(IllegalArgumentException.class, () -> server.listen(port, "127.0.0.1", () -> {}));
        }
        assertThrows(IllegalArgumentException.class, () -> server.listen(0, ""));
        assertThrows(NullPointerException.class, () -> server.listen(0, (String) null));
        assertEquals("fine", wire.dial(wire.listen(server)).readTextToEnd());
    }

    @Test
    void listenTwiceIsRefusedAndHarmsNothing() throws IOException {
        Server server = wire.server(options -> options, stream -> stream.end("fine"));
        wire.startListening(server);
        assertThrows(IllegalStateException.class, () -> wire.startListening(server));
        Await.value("bound", server.bound());
        assertThrows(IllegalStateException.class, () -> wire.startListening(server));
        assertEquals("fine", wire.dial(server).readTextToEnd());
    }

    @Test
    void listenBeforeCloseIsToldIsRefused() {
        Server server = wire.listening(stream -> {});
        Events events = wire.clientEvents(server);
        Stream client = events.stream();
        events.await("connect");
        Await.until("the server has a connection", () -> server.connections() == 1);
        server.close();
        assertThrows(IllegalStateException.class, () -> wire.startListening(server));
        client.destroy();
        Await.value("closed", server.closed());
        wire.listen(server);
    }

    // -- Connections. --

    @Test
    void connectionIsCountedFromItsListenerToItsClose() {
        CompletableFuture<Integer> inListener = new CompletableFuture<>();
        CompletableFuture<Integer> inClose = new CompletableFuture<>();
        Server[] server = new Server[1];
        server[0] = wire.server(options -> options, stream -> {
            inListener.complete(server[0].connections());
            stream.onClose(hadError -> inClose.complete(server[0].connections()));
        });
        assertEquals(0, server[0].connections());
        Stream client = wire.client(wire.listen(server[0]));
        assertEquals(1, Await.value("connection", inListener));
        client.destroy();
        assertEquals(0, Await.value("close", inClose));
        assertEquals(0, server[0].connections());
    }

    @Test
    void manyConnectionsAreCountedAndServed() throws IOException {
        int count = 50;
        Server server = wire.listening(stream -> stream.onData(stream::write));
        List<Peer> peers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            peers.add(wire.dial(server).send("hello"));
        }
        for (Peer peer : peers) {
            assertEquals("hello", peer.readText(5));
        }
        assertEquals(count, server.connections());
        for (Peer peer : peers) {
            peer.close();
        }
        Await.until("no connection is left", () -> server.connections() == 0);
    }

    @Test
    void destroyTwiceIsCountedOnce() {
        CompletableFuture<Stream> accepted = new CompletableFuture<>();
        Server server = wire.listening(accepted::complete);
        Stream first = wire.client(server);
        Stream stream = Await.value("connection", accepted);
        stream.destroy();
        stream.destroy();
        stream.reset();
        Await.value("closed", stream.closed());
        assertEquals(0, server.connections());
        Await.value("the client is closed", first.closed());
    }

    @Test
    void serverWithoutListenersAcceptsAndDropsWhatComes() throws IOException {
        Server server = wire.listen(wire.server());
        Peer peer = wire.dial(server).send("dropped").finish();
        assertEquals("", peer.readTextToEnd());
        Await.until("no connection is left", () -> server.connections() == 0);
    }

    @Test
    void eachConnectionListenerGetsTheStream() {
        List<Stream> got = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch both = new CountDownLatch(2);
        Listener<Stream> listener = stream -> {
            got.add(stream);
            both.countDown();
        };
        Server server = wire.server(options -> options, listener);
        server.onConnection(listener);
        server.onConnection(stream -> got.add(null)).remove();
        Stream unused = wire.client(wire.listen(server));
        Await.latch("two listeners", both);
        assertEquals(2, got.size());
        assertSame(got.get(0), got.get(1));
    }

    @Test
    void acceptedStreamIsOpenInTheConnectionListener() {
        CompletableFuture<ReadyState> state = new CompletableFuture<>();
        Server server = wire.listening(stream -> state.complete(stream.readyState()));
        Stream unused = wire.client(server);
        assertEquals(ReadyState.OPEN, Await.value("connection", state));
    }

    // -- maxConnections. --

    @Test
    void maxConnectionsIsUnlimitedUnlessSet() {
        Server server = wire.server();
        assertEquals(-1, server.maxConnections());
        assertSame(server, server.setMaxConnections(5));
        assertEquals(5, server.maxConnections());
    }

    @Test
    void maxConnectionsBelowMinusOneIsRefusedWithTheValue() {
        Server server = wire.server();
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> server.setMaxConnections(-2));
        assertTrue(refused.getMessage().contains("-2"), refused::getMessage);
        assertEquals(-1, server.maxConnections());
    }

    @Test
    void clientBeyondTheMaximumIsEndedCleanlyAndDropIsTold() {
        List<Drop> drops = Collections.synchronizedList(new ArrayList<>());
        Server server = wire.server();
        List<String> told = record(server);
        server.onDrop(drops::add);
        server.setMaxConnections(1);
        wire.listen(server);
        awaitEvents(told, "listening");
        Events firstEvents = wire.clientEvents(server);
        Stream first = firstEvents.stream();
        awaitEvents(told, "listening", "connection");
        Events secondEvents = wire.clientEvents(server);
        Stream second = secondEvents.stream();
        secondEvents.assertClosedAfter(wire.whenCut("connect"));
        awaitEvents(told, "listening", "connection", "drop");
        assertEquals(1, server.connections());
        if (wire.hasPorts()) {
            Await.until("the addresses are told", () -> drops.size() == 1);
            assertEquals(server.address(), drops.getFirst().local());
            assertEquals(
                    second.localPort(), ((InetSocketAddress) drops.getFirst().remote()).getPort());
        }
        firstEvents.await("connect");
        assertEquals(ReadyState.OPEN, first.readyState());
    }

    @Test
    void refusedClientThatHasSentDataSeesAnEndAndNoReset() throws IOException {
        Server server = wire.listen(wire.server().setMaxConnections(0));
        for (int i = 0; i < 20; i++) {
            Peer peer = wire.dial(server).send("data that nobody reads").send(new byte[2000]);
            assertEquals("", peer.readTextToEnd());
            peer.close();
        }
    }

    @Test
    void zeroRefusesEveryoneAndMinusOneNobody() throws IOException {
        Server server = wire.server(options -> options, stream -> stream.end("welcome"));
        server.setMaxConnections(0);
        wire.listen(server);
        Peer refused = wire.dial(server);
        assertEquals("", refused.readTextToEnd());
        refused.close();
        assertEquals(0, server.connections());
        server.setMaxConnections(-1);
        assertEquals("welcome", wire.dial(server).readTextToEnd());
    }

    @Test
    void aConnectionThatClosesMakesRoom() throws IOException {
        Server server = wire.server(options -> options, stream -> stream.onData(stream::write));
        wire.listen(server.setMaxConnections(1));
        Peer first = wire.dial(server).send("1");
        assertEquals("1", first.readText(1));
        Peer refused = wire.dial(server);
        assertEquals("", refused.readTextToEnd());
        refused.close();
        first.close();
        Await.until("there is room", () -> server.connections() == 0);
        assertEquals("2", wire.dial(server).send("2").readText(1));
    }

    @Test
    void maximumLoweredAtRunTimeEndsNoConnection() throws IOException {
        Server server = wire.listening(stream -> stream.onData(stream::write));
        Peer first = wire.dial(server).send("a");
        assertEquals("a", first.readText(1));
        Peer second = wire.dial(server).send("b");
        assertEquals("b", second.readText(1));
        server.setMaxConnections(1);
        Peer refused = wire.dial(server);
        assertEquals("", refused.readTextToEnd());
        refused.close();
        assertEquals("c", first.send("c").readText(1));
        assertEquals("d", second.send("d").readText(1));
        server.setMaxConnections(3);
        assertEquals("e", wire.dial(server).send("e").readText(1));
    }

    @Test
    void ofManyClientsAsManyAsAllowedAreServed() throws IOException {
        int clients = 40;
        int max = 10;
        AtomicInteger drops = new AtomicInteger();
        Server server = wire.server(options -> options, stream -> stream.write("served"));
        server.onDrop(drop -> drops.incrementAndGet());
        wire.listen(server.setMaxConnections(max));
        int served = 0;
        List<Peer> peers = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            peers.add(wire.dial(server));
        }
        Await.until("all clients have been served or dropped", () -> server.connections() + drops.get() == clients);
        server.close();
        for (Peer peer : peers) {
            String text = peer.finish().readTextToEnd();
            if (text.equals("served")) {
                served++;
            } else {
                assertEquals("", text);
            }
            peer.close();
        }
        assertEquals(max, served);
        assertEquals(clients - max, drops.get());
    }

    // -- Close. --

    @Test
    void closeIsToldOnceAndNeverFromInsideTheCall() {
        AtomicBoolean inside = new AtomicBoolean();
        AtomicBoolean toldInside = new AtomicBoolean();
        Server server = wire.server();
        List<String> events = record(server);
        server.onClose(() -> toldInside.set(inside.get()));
        server.onListening(() -> {
            inside.set(true);
            server.close();
            server.close();
            inside.set(false);
        });
        wire.startListening(server);
        Await.value("closed", server.closed());
        server.close();
        wire.settle();
        assertEquals(List.of("listening", "close"), events);
        assertFalse(toldInside.get());
    }

    @Test
    void closedServerServesNobodyAnyMore() throws IOException {
        for (int i = 0; i < 40; i++) {
            AtomicInteger connections = new AtomicInteger();
            Server server = wire.listening(stream -> connections.incrementAndGet());
            SocketAddress address = Objects.requireNonNull(server.address());
            server.close();
            // The kernel may accept a client that comes before close is told, but not the server. Such a client may
            // never
            // hear of its end: the kernel forgets connections that are almost there when their listener goes.
            Stream early = wire.stream();
            Events earlyEvents = Events.of(scope, early);
            wire.connect(early, address);
            Await.until(() -> "the end of connecting: " + earlyEvents, () -> early.readyState() != ReadyState.OPENING);
            early.destroy();
            Await.value("closed", server.closed());
            assertEquals(0, connections.get(), "a client that came after close() was served");
            Stream late = wire.stream();
            Events lateEvents = Events.of(scope, late);
            wire.connect(late, address);
            lateEvents.assertClosedAfter("error", "close(true)");
            Code code = assertInstanceOf(NetException.class, lateEvents.error()).code();
            assertTrue(code == Code.CONNECTION_REFUSED || (code == Code.NOT_FOUND && !wire.hasPorts()), code::toString);
        }
    }

    @Test
    void closeWaitsForTheConnectionsWhichLiveOn() throws IOException {
        Server server = wire.server(options -> options, stream -> stream.onData(stream::write));
        List<String> events = record(server);
        wire.listen(server);
        awaitEvents(events, "listening");
        Peer first = wire.dial(server).send("1");
        assertEquals("1", first.readText(1));
        Peer second = wire.dial(server).send("2");
        assertEquals("2", second.readText(1));
        server.close();
        assertEquals("still", first.send("still").readText(5));
        first.close();
        Await.until("one connection is left", () -> server.connections() == 1);
        wire.settle();
        assertEquals(List.of("listening", "connection", "connection"), events);
        assertEquals("there", second.send("there").readText(5));
        second.close();
        awaitEvents(events, "listening", "connection", "connection", "close");
        assertEquals(0, server.connections());
    }

    @Test
    void closeIsToldAfterTheCloseListenersOfTheLastConnection() {
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        CompletableFuture<Stream> accepted = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            stream.onClose(hadError -> order.add("stream"));
            accepted.complete(stream);
        });
        server.onClose(() -> order.add("server"));
        Stream client = wire.client(server);
        Await.value("connection", accepted);
        server.close();
        client.destroy();
        Await.value("closed", server.closed());
        assertEquals(List.of("stream", "server"), order);
    }

    @Test
    void closeInTheConnectionListenerLeavesThatConnectionAlive() throws IOException {
        Server[] server = new Server[1];
        server[0] = wire.server(options -> options, stream -> {
            server[0].close();
            stream.onData(stream::write);
        });
        Peer peer = wire.dial(wire.listen(server[0])).send("foobar");
        assertEquals("foobar", peer.readText(6));
        assertFalse(server[0].closed().isDone());
        peer.close();
        Await.value("closed", server[0].closed());
    }

    @Test
    void closeRightAfterListenTellsCloseAndNeitherListeningNorError() {
        assertCloseRightAfter(wire::startListening);
    }

    @Test
    void closeWhileTheNameIsLookedUpTellsCloseAndNeitherListeningNorError() {
        assertCloseRightAfter((server, listening) -> server.listen(0, "localhost", listening));
    }

    /** Both calls in a listener of the server, so that nothing can be told in between. */
    private void assertCloseRightAfter(BiConsumer<Server, Action> listen) {
        Server server = wire.server();
        List<String> events = record(server);
        AtomicInteger callbacks = new AtomicInteger();
        CompletableFuture<CompletableFuture<SocketAddress>> bound = new CompletableFuture<>();
        CompletableFuture<CompletableFuture<Void>> closed = new CompletableFuture<>();
        Registration[] first = new Registration[1];
        first[0] = server.onClose(() -> {
            first[0].remove();
            listen.accept(server, callbacks::incrementAndGet);
            bound.complete(server.bound());
            closed.complete(server.closed());
            server.close();
        });
        wire.startListening(server);
        awaitEvents(events, "listening");
        server.close();
        Await.value("closed", Await.value("listening again", closed));
        awaitEvents(events, "listening", "close", "close");
        assertEquals(0, callbacks.get());
        // it may have been bound for a moment
        Object unused = Await.value("bound, or not", bound.join().handle((address, failure) -> true));
        assertNull(server.address());
    }

    @Test
    void closeOfAServerThatNeverListenedDoesNothing() {
        Server server = wire.server();
        List<String> events = record(server);
        server.close();
        wire.settle();
        assertEquals(List.of(), events);
        wire.listen(server);
        awaitEvents(events, "listening");
    }

    @Test
    void closedServerMayListenAgainAlsoFromInsideCloseAndOnTheSamePort() throws IOException {
        Server server = wire.server(options -> options, stream -> stream.end("again"));
        List<String> events = record(server);
        wire.listen(server);
        SocketAddress address = Objects.requireNonNull(server.address());
        AtomicInteger closes = new AtomicInteger();
        server.onClose(() -> {
            if (closes.incrementAndGet() <= 3) {
                wire.startListening(server, address);
            }
        });
        for (int i = 1; i <= 3; i++) {
            Peer peer = wire.dial(server);
            assertEquals("again", peer.readTextToEnd());
            peer.close();
            server.close();
            int round = i;
            Await.until(
                    () -> "listening for the time " + (round + 1) + ", it told " + events,
                    () -> Collections.frequency(List.copyOf(events), "listening") == round + 1);
        }
        assertEquals("again", wire.dial(server).readTextToEnd());
    }

    /** Also by whoever does so in the very moment in which it is bound. */
    @Test
    void listeningIsToldThoughItIsClosedAsSoonAsItIsBound() {
        Server server = wire.server(options -> options, stream -> {});
        List<String> events = record(server);
        CompletableFuture<Void> unused = server.bound().thenRun(server::close);
        wire.startListening(server);
        awaitEvents(events, "listening", "close");
    }

    @Test
    void closeBelongsToOneListenEach() {
        Server server = wire.listening(stream -> {});
        CompletableFuture<Void> first = server.closed();
        server.close();
        Await.value("closed", first);
        wire.listen(server);
        CompletableFuture<Void> second = server.closed();
        assertFalse(second.isDone());
        server.close();
        Await.value("closed again", second);
    }

    @Test
    void listenFromInsideCloseHasAClosedOfItsOwn() {
        Server server = wire.listening(stream -> {});
        SocketAddress address = Objects.requireNonNull(server.address());
        CompletableFuture<CompletableFuture<Void>> second = new CompletableFuture<>();
        AtomicInteger closes = new AtomicInteger();
        server.onClose(() -> {
            if (closes.incrementAndGet() == 1) {
                wire.startListening(server, address);
                second.complete(server.closed());
            }
        });
        CompletableFuture<Void> first = server.closed();
        server.close();
        Await.value("closed", first);
        Await.value("bound", server.bound());
        assertFalse(Await.value("close", second).isDone());
        assertFalse(server.closed().isDone());
        server.close();
        Await.value("closed again", server.closed());
        assertEquals(2, closes.get());
    }

    @Test
    void tryWithResourcesClosesTheServer() {
        CompletableFuture<Void> closed;
        try (Server server = wire.listening(stream -> {})) {
            closed = server.closed();
        }
        Await.value("closed", closed);
    }

    // -- Listeners that throw. --

    @Test
    void listenersThatThrowAreLoggedAndTheServerGoesOn() throws IOException {
        Server server = wire.server(options -> options, stream -> stream.end("served"));
        server.onListening(() -> raise("thrown in listening"));
        server.onDrop(drop -> raise("thrown in drop"));
        server.onClose(() -> raise("thrown in close"));
        List<String> events = record(server);
        wire.listen(server);
        scope.awaitLoggedError("thrown in listening");
        server.setMaxConnections(0);
        Peer refused = wire.dial(server);
        assertEquals("", refused.readTextToEnd());
        refused.close();
        scope.awaitLoggedError("thrown in drop");
        server.setMaxConnections(-1);
        assertEquals("served", wire.dial(server).finish().readTextToEnd());
        server.close();
        scope.awaitLoggedError("thrown in close");
        Await.value("closed", server.closed());
        assertEquals(List.of("listening", "drop", "connection", "close"), events);
    }

    @Test
    void errorListenerThatThrowsIsLoggedAndTheServerMayListenAgain() {
        Server first = wire.listening(stream -> {});
        Server second = wire.server();
        second.onError(error -> raise("thrown in error"));
        wire.startListening(second, Objects.requireNonNull(first.address()));
        scope.awaitLoggedError("thrown in error");
        wire.listen(second);
    }

    @Test
    void callbackThatThrowsIsLoggedAndListeningIsStillTold() throws IOException {
        Server server = wire.server(options -> options, stream -> stream.end("served"));
        List<String> events = record(server);
        wire.startListening(server, () -> raise("thrown in callback"));
        scope.awaitLoggedError("thrown in callback");
        awaitEvents(events, "listening");
        assertEquals("served", wire.dial(server).readTextToEnd());
    }

    private static void raise(String message) throws Exception {
        throw new Exception(message);
    }

    @Test
    void nullListenersAreRefused() {
        Server server = wire.server();
        assertThrows(NullPointerException.class, () -> server.onConnection(null));
        assertThrows(NullPointerException.class, () -> server.onListening(null));
        assertThrows(NullPointerException.class, () -> server.onClose(null));
        assertThrows(NullPointerException.class, () -> server.onError(null));
        assertThrows(NullPointerException.class, () -> server.onDrop(null));
    }

    // -- Futures. --

    @Test
    void completingAFutureFromOutsideHarmsNobody() {
        Server server = wire.server();
        server.bound().cancel(true);
        server.closed().completeExceptionally(new Exception("from outside"));
        wire.listen(server);
        server.close();
        Await.value("closed", server.closed());
    }

    @Test
    void clientsThatComeWhileItClosesDoNotKeepItFromClosing() {
        for (int i = 0; i < 20; i++) {
            Server server = wire.listening(stream -> stream.end("served"));
            Events events = wire.clientEvents(server);
            Stream client = events.stream();
            server.close();
            Await.until(() -> "the end of connecting: " + events, () -> client.readyState() != ReadyState.OPENING);
            client.destroy();
            Await.value("closed", server.closed());
        }
    }
}
