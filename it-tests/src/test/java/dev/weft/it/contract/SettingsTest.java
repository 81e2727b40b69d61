// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.ContractTest;
import dev.weft.it.support.Events;
import dev.weft.it.support.Payload;
import dev.weft.it.support.Peer;
import dev.weft.it.support.PeerListener;
import dev.weft.it.support.Wire.Accepted;
import dev.weft.it.support.Wire.Connected;
import dev.weft.it.support.Wire.Pair;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Socket options, byte counters and addresses. Keep-alive is seen in the kernel's own table of connections. Nothing that can
 * be seen from outside without measuring time tells the state of the Nagle algorithm, so those tests only assert that
 * setting it harms nothing.
 */
class SettingsTest extends ContractTest {
    // -- noDelay. --

    @Test
    void noDelayIsTakenInEveryState() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        assertSame(stream, stream.setNoDelay());
        Events events = wire.connectAnd(stream, listener, () -> stream.setNoDelay(false));
        Peer peer = listener.accept();
        events.await("connect");
        stream.setNoDelay(true);
        stream.setNoDelay(true);
        stream.write("works");
        assertEquals("works", peer.readText(5));
        stream.end();
        stream.setNoDelay(false);
        peer.finish();
        events.assertClosedAfter("connect", "end", "close(false)");
        stream.setNoDelay();
    }

    @Test
    void noDelayIsTakenInTheConnectionListener() throws IOException {
        Server server = wire.listening(stream -> {
            stream.setNoDelay();
            stream.end("works");
        });
        assertEquals("works", wire.dial(server).readTextToEnd());
    }

    @Test
    void optionsSetAfterThePeersResetHarmNothing() throws IOException {
        assumeTrue(wire.hasReset());
        Accepted accepted = wire.accepted();
        accepted.stream().pause();
        accepted.peer().reset();
        wire.settle();
        accepted.stream().setNoDelay();
        accepted.stream().setKeepAlive(true, 1000);
        accepted.stream().resume();
        accepted.events().assertClosedAfter("connect", "error", "close(true)");
    }

    // -- keepAlive. --

    @Test
    void keepAliveIsOffUnlessSet() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        Pair pair = wire.pair();
        wire.awaitKeepAlive(pair.client(), -1);
        wire.awaitKeepAlive(pair.server(), -1);
    }

    @Test
    void keepAliveIsSetOnAnOpenStream() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        Pair pair = wire.pair();
        assertSame(pair.client(), pair.client().setKeepAlive(true, 60_000));
        pair.server().setKeepAlive(true, 120_000);
        wire.awaitKeepAlive(pair.client(), 60);
        wire.awaitKeepAlive(pair.server(), 120);
    }

    @Test
    void keepAliveSetBeforeConnectIsRemembered() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.setKeepAlive(true, 60_000);
        wire.connect(stream, listener);
        Peer unused = listener.accept();
        events.await("connect");
        wire.awaitKeepAlive(stream, 60);
    }

    @Test
    void keepAliveSetWhileConnectingIsRemembered() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = wire.connectAnd(stream, listener, () -> stream.setKeepAlive(true, 60_000));
        Peer unused = listener.accept();
        events.await("connect");
        wire.awaitKeepAlive(stream, 60);
    }

    @Test
    void keepAliveSetInTheConnectionListenerIsTaken() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        CompletableFuture<Stream> accepted = new CompletableFuture<>();
        Server server = wire.listening(stream -> accepted.complete(stream.setKeepAlive(true, 60_000)));
        Peer unused = wire.dial(server);
        wire.awaitKeepAlive(Await.value("connection", accepted), 60);
    }

    @Test
    void keepAliveWithoutArgumentsSwitchesItOff() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        Connected connected = wire.connected();
        connected.stream().setKeepAlive(true, 60_000);
        wire.awaitKeepAlive(connected.stream(), 60);
        connected.stream().setKeepAlive();
        wire.awaitKeepAlive(connected.stream(), -1);
    }

    @Test
    void keepAliveIsSwitchedOff() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        Connected connected = wire.connected();
        connected.stream().setKeepAlive(true, 60_000);
        wire.awaitKeepAlive(connected.stream(), 60);
        connected.stream().setKeepAlive(false, 30_000);
        wire.awaitKeepAlive(connected.stream(), -1);
    }

    @Test
    void delayOfZeroLeavesThePreviousDelay() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        Connected connected = wire.connected();
        connected.stream().setKeepAlive(true, 60_000);
        wire.awaitKeepAlive(connected.stream(), 60);
        connected.stream().setKeepAlive(false);
        wire.awaitKeepAlive(connected.stream(), -1);
        connected.stream().setKeepAlive(true, 0);
        wire.awaitKeepAlive(connected.stream(), 60);
    }

    @Test
    void delayIsRoundedUpToSeconds() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        Connected connected = wire.connected();
        connected.stream().setKeepAlive(true, 1);
        connected.stream().write("a delay of 0 seconds would have been refused");
        assertEquals(44, connected.peer().read(44).length);
        wire.awaitKeepAlive(connected.stream(), 1);
    }

    @Test
    void keepAliveSurvivesAReconnect() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.setKeepAlive(true, 60_000);
        for (int i = 1; i <= 2; i++) {
            wire.connect(stream, listener);
            Peer unused = listener.accept();
            events.await("connect", i);
            wire.awaitKeepAlive(stream, 60);
            stream.destroy();
            events.await("close(false)", i);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 32_767_001, Long.MAX_VALUE, Long.MIN_VALUE})
    void delayOutOfRangeIsRefusedWithTheValue(long delay) throws IOException {
        Connected connected = wire.connected();
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class, () -> connected.stream().setKeepAlive(true, delay));
        assertTrue(refused.getMessage().contains(String.valueOf(delay)), refused::getMessage);
        connected.stream().end("fine");
        assertEquals("fine", connected.peer().readTextToEnd());
    }

    @Test
    void longestDelayIsTaken() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setKeepAlive(true, 32_767_000);
        if (wire.showsKeepAlive()) {
            wire.awaitKeepAlive(connected.stream(), 32_767);
        }
    }

    // -- Counters. --

    @Test
    void countersCountBothWaysAndStayAfterClose() {
        byte[] payload = Payload.bytes(1, 1 << 20);
        Pair pair = wire.halfOpenPair();
        pair.client().write(payload);
        pair.client().end("12345");
        pair.server().end("1234567");
        pair.clientEvents().awaitClose();
        pair.serverEvents().awaitClose();
        assertEquals(payload.length + 5, pair.client().bytesWritten());
        assertEquals(payload.length + 5, pair.server().bytesRead());
        assertEquals(7, pair.server().bytesWritten());
        assertEquals(7, pair.client().bytesRead());
        assertEquals(0, pair.client().bufferedBytes());
    }

    @Test
    void countersOfANewStreamAreZero() {
        Stream stream = wire.stream();
        assertEquals(0, stream.bytesRead());
        assertEquals(0, stream.bytesWritten());
        assertEquals(0, stream.bufferedBytes());
    }

    @Test
    void countersStandForTheCurrentConnection() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        for (int i = 1; i <= 2; i++) {
            wire.connect(stream, listener);
            try (Peer peer = listener.accept()) {
                peer.send("abc");
                events.awaitSize(3 * i);
                stream.write("12345");
                assertEquals("12345", peer.readText(5));
                assertEquals(3, stream.bytesRead());
                assertEquals(5, stream.bytesWritten());
                stream.destroy();
                events.await("close(false)", i);
                assertEquals(3, stream.bytesRead());
                assertEquals(5, stream.bytesWritten());
            }
        }
    }

    @Test
    void bytesReadCountsInDataWhatItBrings() throws IOException {
        CompletableFuture<Long> read = new CompletableFuture<>();
        Connected connected = wire.connected();
        connected.stream().onData(data -> read.complete(connected.stream().bytesRead()));
        connected.peer().send("hello");
        assertEquals(5, Await.value("data", read));
    }

    // -- Addresses. --

    @Test
    void newStreamHasNoAddresses() {
        Stream stream = wire.stream();
        assertNull(stream.remoteAddress());
        assertNull(stream.localAddress());
        assertEquals(0, stream.remotePort());
        assertEquals(0, stream.localPort());
    }

    @Test
    void streamThatIsConnectingHasNoAddresses() throws IOException {
        Stream stream = wire.connect(wire.stream(), wire.blackHole());
        assertEquals(ReadyState.OPENING, stream.readyState());
        assertNull(stream.remoteAddress());
        assertEquals(0, stream.remotePort());
    }

    @Test
    void streamThatCouldNotConnectHasNoAddresses() throws IOException {
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, wire.nowhere());
        events.awaitClose();
        assertNull(stream.remoteAddress());
        assertEquals(0, stream.localPort());
    }

    @Test
    void bothEndsKnowBothAddressesAlsoAfterClose() {
        assumeTrue(wire.hasPorts());
        Pair pair = wire.pair();
        for (int i = 0; i < 2; i++) {
            assertEquals(wire.host(), pair.client().remoteAddress());
            assertEquals(wire.host(), pair.client().localAddress());
            assertEquals(wire.host(), pair.server().remoteAddress());
            assertEquals(wire.host(), pair.server().localAddress());
            assertEquals(pair.server().localPort(), pair.client().remotePort());
            assertEquals(pair.client().localPort(), pair.server().remotePort());
            assertTrue(pair.client().localPort() > 0);
            assertTrue(pair.server().localPort() > 0);
            pair.client().destroy();
            pair.clientEvents().awaitClose();
            pair.serverEvents().awaitClose();
        }
    }

    @Test
    void addressesAreThereInEveryListener() throws IOException {
        Queue<Integer> seen = new ConcurrentLinkedQueue<>();
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            Runnable look = () -> seen.add(stream.remotePort());
            look.run();
            stream.onConnect(look::run);
            stream.onData(data -> look.run());
            stream.onEnd(look::run);
            stream.onClose(hadError -> {
                look.run();
                closed.complete(hadError);
            });
        });
        Peer peer = wire.dial(server);
        int port = peer.localPort();
        peer.send("x").finish();
        Await.value("close", closed);
        assertEquals(List.of(port, port, port, port, port), List.copyOf(seen));
    }

    @Test
    void toStringTellsStateAndAddresses() throws IOException {
        Connected connected = wire.connected();
        String text = connected.stream().toString();
        assertTrue(text.contains("open " + wire.protocol()), text);
        assumeTrue(wire.hasPorts());
        assertTrue(text.contains(wire.text(connected.peer().localPort())), text);
        assertTrue(text.contains(wire.text(connected.peer().remotePort())), text);
    }
}
