// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.ContractTest;
import dev.weft.it.support.Events;
import dev.weft.it.support.Peer;
import dev.weft.it.support.PeerListener;
import dev.weft.it.support.Wire.Accepted;
import dev.weft.it.support.Wire.Connected;
import dev.weft.net.Encoding;
import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The same object connecting again, and {@code connect} when it may not be called. */
class ReconnectTest extends ContractTest {
    @Test
    void closeThatNobodyHeardIsNotToldOfTheNextConnection() {
        Server server = wire.listening(stream -> {});
        for (int round = 0; round < 100; round++) {
            Stream stream = wire.connect(wire.stream(), server);
            Await.value("connected", stream.connected());
            stream.destroy();
            Await.returns("connect", () -> connectAsSoonAsAllowed(stream, server));
            Await.value("connected again", stream.connected());
            AtomicInteger closes = new AtomicInteger();
            CompletableFuture<Void> told = new CompletableFuture<>();
            stream.onClose(hadError -> {
                closes.incrementAndGet();
                told.complete(null);
            });
            stream.destroy();
            Await.value("close", told);
            assertEquals(ReadyState.CLOSED, stream.readyState());
            Await.value("closed", stream.closed());
            assertEquals(1, closes.get(), "closes in round " + round);
        }
    }

    private void connectAsSoonAsAllowed(Stream stream, Server server) {
        for (; ; ) {
            try {
                wire.connect(stream, server);
                return;
            } catch (IllegalStateException notYet) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void reconnectsFiftyTimesFromInsideClose() {
        int times = 50;
        AtomicInteger serverErrors = new AtomicInteger();
        AtomicInteger serverCloses = new AtomicInteger();
        Server server = wire.listening(stream -> {
            stream.onConnect(() -> stream.write("hello\r\n"));
            stream.onEnd(stream::end);
            stream.onClose(hadError -> {
                serverErrors.addAndGet(hadError ? 1 : 0);
                serverCloses.incrementAndGet();
            });
        });
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        Queue<String> texts = new ConcurrentLinkedQueue<>();
        Stream client = wire.stream();
        client.setEncoding(Encoding.UTF8);
        Events events = Events.of(scope, client);
        client.onText(text -> {
            texts.add(text);
            client.end();
        });
        AtomicInteger closes = new AtomicInteger();
        client.onClose(hadError -> {
            assertEquals(ReadyState.CLOSED, client.readyState());
            if (closes.incrementAndGet() < times) {
                wire.connect(client, server);
            } else {
                done.complete(true);
            }
        });
        wire.connect(client, server);
        Await.value(times + " connections", done);
        assertEquals(times, events.count("connect"));
        assertEquals(times, events.count("end"));
        assertEquals(times, events.count("close(false)"));
        assertEquals(0, events.count("error"));
        assertEquals("hello\r\n".repeat(times), String.join("", texts));
        Await.until("the server's streams have closed", () -> serverCloses.get() == times);
        assertEquals(0, serverErrors.get());
    }

    @Test
    void failsToConnectTwentyTimesFromInsideClose() throws IOException {
        int times = 20;
        SocketAddress nowhere = wire.nowhere();
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        AtomicInteger closes = new AtomicInteger();
        stream.onClose(hadError -> {
            if (closes.incrementAndGet() < times) {
                wire.connect(stream, nowhere);
            } else {
                done.complete(true);
            }
        });
        wire.connect(stream, nowhere);
        Await.value(times + " failures", done);
        assertEquals(times, events.count("error"));
        assertEquals(times, events.count("close(true)"));
        assertEquals(0, events.count("connect"));
        assertEquals(
                Code.CONNECTION_REFUSED,
                assertInstanceOf(NetException.class, events.error()).code());
    }

    @Test
    void connectsAfterItHasFailed() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, wire.nowhere());
        events.await("close(true)");
        wire.connect(stream, listener);
        Peer peer = listener.accept();
        events.await("connect");
        stream.end("works");
        assertEquals("works", peer.readTextToEnd());
        peer.finish();
        events.await("close(false)").assertNames("error", "close(true)", "connect", "end", "close(false)");
    }

    @Test
    void connectsAfterDestroyAndReset() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, listener);
        Peer unused = listener.accept();
        events.await("connect");
        stream.reset();
        events.await("close(false)");
        wire.connect(stream, listener);
        unused = listener.accept();
        events.await("connect", 2);
        stream.destroy();
        events.await("close(false)", 2);
        wire.connect(stream, listener);
        Peer third = listener.accept();
        stream.end("works");
        assertEquals("works", third.readTextToEnd());
    }

    @Test
    void anAcceptedStreamCanConnectSomewhereElseAfterClose() throws IOException {
        PeerListener listener = wire.peerListener();
        Accepted accepted = wire.accepted();
        accepted.peer().finish();
        accepted.events().awaitClose();
        wire.connect(accepted.stream(), listener);
        Peer peer = listener.accept();
        accepted.events().await("connect", 2);
        accepted.stream().end("works");
        assertEquals("works", peer.readTextToEnd());
        peer.finish();
        accepted.events().await("close(false)", 2);
        assertEquals(0, accepted.listening().connections(), "the second connection was none of the server's");
        accepted.listening().close();
        Await.value("the server is closed", accepted.listening().closed());
    }

    @Test
    void nothingOfTheLastConnectionIsSentOnTheNext() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, wire.blackHole());
        stream.write("for nobody");
        stream.destroy();
        events.await("close(false)");
        wire.connect(stream, listener);
        stream.end("fresh");
        assertEquals("fresh", listener.accept().readTextToEnd());
    }

    // -- When connect may not be called. --

    @Test
    void connectOfAnOpenStreamIsRefusedAndHarmsNothing() throws IOException {
        PeerListener other = wire.peerListener();
        Connected connected = wire.connected();
        assertThrows(IllegalStateException.class, () -> wire.connect(connected.stream(), other));
        assertEquals(ReadyState.OPEN, connected.stream().readyState());
        connected.stream().write("still here");
        assertEquals("still here", connected.peer().readText(10));
        connected.peer().send("too");
        connected.events().awaitText("too");
    }

    @Test
    void connectWhileConnectingIsRefusedAndHarmsNothing() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = wire.connectAnd(
                stream,
                listener,
                () -> assertThrows(IllegalStateException.class, () -> wire.connect(stream, listener)));
        Peer peer = listener.accept();
        events.await("connect");
        stream.end("once");
        assertEquals("once", peer.readTextToEnd());
    }

    @Test
    void connectOfAnAcceptedStreamIsRefused() throws IOException {
        PeerListener other = wire.peerListener();
        Accepted accepted = wire.accepted();
        assertThrows(IllegalStateException.class, () -> wire.connect(accepted.stream(), other));
        accepted.stream().end("fine");
        assertEquals("fine", accepted.peer().readTextToEnd());
    }

    @Test
    void connectBeforeCloseIsToldIsRefused() throws IOException {
        PeerListener listener = wire.peerListener();
        CompletableFuture<IllegalStateException> inError = new CompletableFuture<>();
        Connected connected = wire.connected();
        connected.stream()
                .onError(error -> inError.complete(
                        assertThrows(IllegalStateException.class, () -> wire.connect(connected.stream(), listener))));
        connected.stream().destroy(new Exception("x"));
        IllegalStateException refused = Await.value("error", inError);
        assertTrue(refused.getMessage().contains("close"), refused::getMessage);
        connected.events().assertClosedAfter("connect", "error", "close(true)");
        wire.connect(connected.stream(), listener);
        connected.events().await("connect", 2);
    }

    @Test
    void connectAfterOurEndBeforeThePeersIsRefused() throws IOException {
        PeerListener listener = wire.peerListener();
        Connected connected = wire.connected();
        connected.stream().end();
        assertThrows(IllegalStateException.class, () -> wire.connect(connected.stream(), listener));
        connected.peer().finish();
        connected.events().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void connectToNothingIsRefusedAndTheStreamUnharmed() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        assertThrows(IllegalArgumentException.class, () -> stream.connect(-1, "127.0.0.1"));
        assertThrows(IllegalArgumentException.class, () -> stream.connect(65_536, "127.0.0.1"));
        assertThrows(IllegalArgumentException.class, () -> stream.connect(80, ""));
        assertThrows(NullPointerException.class, () -> stream.connect(80, null));
        assertEquals(ReadyState.CLOSED, stream.readyState());
        wire.connect(stream, listener);
        stream.end("fine");
        assertEquals("fine", listener.accept().readTextToEnd());
    }

    @Test
    void connectToPortZeroFailsLater() {
        assumeTrue(wire.hasPorts());
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.connect(0, wire.host());
        events.assertClosedAfter("error", "close(true)");
    }

    @Test
    void eachAddressOfANameIsTried() throws IOException {
        assumeTrue(wire.hasPorts());
        List<String> addresses = new ArrayList<>();
        for (InetAddress address : InetAddress.getAllByName("localhost")) {
            addresses.add(address.getHostAddress());
        }
        InetAddress wanted = InetAddress.getByName(wire.host());
        assumeTrue(addresses.contains(wanted.getHostAddress()), () -> "localhost is " + addresses + " only");
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, listener.port(), "localhost");
        Peer peer = listener.accept();
        events.await("connect");
        assertEquals(wire.host(), stream.remoteAddress());
        stream.end("found");
        assertEquals("found", peer.readTextToEnd());
    }

    // -- Futures. --

    @Test
    void futuresStandForTheCurrentConnection() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        CompletableFuture<Stream> firstConnected = stream.connected();
        CompletableFuture<Void> firstClosed = stream.closed();
        wire.connect(stream, listener);
        Peer unused = listener.accept();
        Await.value("connected", firstConnected);
        stream.destroy();
        Await.value("closed", firstClosed);
        CompletableFuture<Stream> ofTheLast = stream.connected();
        assertTrue(ofTheLast.isDone());
        wire.connect(stream, listener);
        CompletableFuture<Void> secondClosed = stream.closed();
        assertNotSame(firstClosed, secondClosed);
        unused = listener.accept();
        Await.value("connected again", stream.connected());
        assertEquals(false, secondClosed.isDone());
        stream.destroy();
        Await.value("closed again", secondClosed);
    }
}
