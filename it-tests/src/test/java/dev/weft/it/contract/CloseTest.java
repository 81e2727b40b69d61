// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import dev.weft.net.Event;
import dev.weft.net.NetException;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.SocketException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code destroy}, {@code reset} and {@code close}, in every state and from within every listener. */
class CloseTest extends ContractTest {
    private static final int SMALL_RECEIVE_BUFFER = 16 << 10;
    private static final int TOO_MUCH = 6 << 20;

    /** How a program lets go of a stream. */
    enum Way {
        DESTROY {
            @Override
            void of(Stream stream) {
                stream.destroy();
            }
        },
        DESTROY_WITH_CAUSE {
            @Override
            void of(Stream stream) {
                stream.destroy(new Exception("the cause of the test"));
            }

            @Override
            String[] after(String... events) {
                String[] all = List.of(events).toArray(new String[events.length + 2]);
                all[events.length] = "error";
                all[events.length + 1] = "close(true)";
                return all;
            }
        },
        RESET {
            @Override
            void of(Stream stream) {
                stream.reset();
            }
        },
        CLOSE {
            @Override
            void of(Stream stream) {
                stream.close();
            }
        };

        abstract void of(Stream stream);

        /** The events that follow on those. */
        String[] after(String... events) {
            String[] all = List.of(events).toArray(new String[events.length + 1]);
            all[events.length] = "close(false)";
            return all;
        }
    }

    // -- Where there is no connection yet. --

    @Test
    void destroyOfANeverConnectedStreamTellsCloseOnceAndConnectMayFollow() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.destroy();
        stream.destroy();
        assertEquals(ReadyState.CLOSED, stream.readyState());
        events.assertClosedAfter("close(false)");
        wire.connect(stream, listener);
        Peer peer = listener.accept();
        events.await("connect");
        stream.end("works");
        assertEquals("works", peer.readTextToEnd());
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void rightAfterConnectWasCalledThereIsNoConnectAndNoError(Way way) throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = wire.connectAnd(stream, listener, () -> {
            way.of(stream);
            if (way != Way.CLOSE) {
                assertEquals(ReadyState.CLOSED, stream.readyState());
            }
        });
        if (way == Way.CLOSE) {
            assertEquals("", listener.accept().readTextToEnd());
            events.awaitClose();
            assertEquals(0, events.count("error"), events::toString);
        } else {
            events.assertClosedAfter(way.after());
        }
    }

    @ParameterizedTest
    @EnumSource(value = Way.class, mode = EnumSource.Mode.EXCLUDE, names = "CLOSE")
    void whileConnectingTakesLongItTellsCloseAtOnce(Way way) throws IOException {
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, wire.blackHole());
        assertFalse(stream.write("never sent"));
        wire.settle();
        assertEquals(ReadyState.OPENING, stream.readyState());
        way.of(stream);
        assertEquals(ReadyState.CLOSED, stream.readyState());
        assertEquals(0, stream.bufferedBytes());
        events.assertClosedAfter(way.after());
    }

    @ParameterizedTest
    @EnumSource(value = Way.class, mode = EnumSource.Mode.EXCLUDE, names = "CLOSE")
    void whileTheNameIsLookedUpItTellsCloseOnce(Way way) {
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.connect(1, "no-such-host.invalid");
        way.of(stream);
        assertEquals(ReadyState.CLOSED, stream.readyState());
        events.awaitClose();
        wire.settle();
        // the name may have been looked up before
        if (events.error() instanceof NetException) {
            events.assertNames("error", "close(true)");
        } else {
            events.assertNames(way.after());
        }
    }

    @Test
    void closeWhileConnectingSendsWhatIsQueuedOnceConnected() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = wire.connectAnd(stream, listener, () -> {
            stream.write("queued");
            stream.close();
        });
        assertEquals("queued", listener.accept().readTextToEnd());
        events.awaitClose();
        assertEquals(1, events.count("close(false)"), events::toString);
    }

    @Test
    void closeWhileConnectingThatFailsTellsTheError() throws IOException {
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.once(Event.CLOSE, hadError -> {
            wire.connect(stream, wire.nowhere());
            stream.close();
        });
        wire.connect(stream, wire.nowhere());
        events.await("close(true)", 2).assertNames("error", "close(true)", "error", "close(true)");
    }

    // -- In listeners. --

    @ParameterizedTest
    @EnumSource(Way.class)
    void inTheConnectionListener(Way way) throws IOException {
        CompletableFuture<Events> accepted = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            accepted.complete(Events.of(scope, stream));
            way.of(stream);
        });
        try {
            assertPeerSees(way, wire.dial(server));
        } catch (SocketException e) {
            assertSame(Way.RESET, way, "a peer that could not connect");
        }
        Events events = Await.value("connection", accepted).awaitClose();
        if (way == Way.CLOSE) {
            assertEquals(1, events.count("close(false)"), events::toString);
        } else {
            events.assertNames(way.after());
        }
        Await.until("the server has no connection", () -> server.connections() == 0);
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void inConnect(Way way) throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.onConnect(() -> way.of(stream));
        wire.connect(stream, listener);
        Peer peer = listener.accept();
        events.assertClosedAfter(way.after("connect"));
        assertPeerSees(way, peer);
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void inData(Way way) throws IOException {
        Accepted accepted = wire.accepted();
        accepted.stream().onData(data -> way.of(accepted.stream()));
        accepted.peer().send("x");
        accepted.events().assertClosedAfter(way.after("connect", "data"));
        assertPeerSees(way, accepted.peer());
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void inDataWithMoreToCome(Way way) throws IOException {
        Accepted accepted = wire.accepted();
        AtomicInteger chunks = new AtomicInteger();
        accepted.stream().onData(data -> {
            if (chunks.getAndIncrement() == 0) {
                way.of(accepted.stream());
            }
        });
        CompletableFuture<Boolean> sender = Await.start(() -> {
            try {
                accepted.peer().send(new byte[TOO_MUCH]);
                return true;
            } catch (IOException e) {
                return false;
            }
        });
        accepted.events().assertClosedAfter(way.after("connect", "data"));
        assertEquals(1, chunks.get(), "data after " + way);
        accepted.peer().close();
        boolean unused = Await.value("the peer is done", sender);
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void inEnd(Way way) throws IOException {
        Accepted accepted = wire.accepted();
        accepted.stream().onEnd(() -> way.of(accepted.stream()));
        accepted.peer().finish();
        accepted.events().assertClosedAfter(way.after("connect", "end"));
        assertPeerSees(way, accepted.peer());
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void inTimeout(Way way) throws IOException {
        Connected connected = wire.connected();
        connected.stream().onTimeout(() -> way.of(connected.stream()));
        connected.stream().setTimeout(20);
        connected.events().assertClosedAfter(way.after("connect", "timeout"));
        assertPeerSees(way, connected.peer());
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void inDrain(Way way) throws IOException {
        Accepted accepted = wire.accepted(options -> options, SMALL_RECEIVE_BUFFER);
        accepted.stream().onDrain(() -> way.of(accepted.stream()));
        assertFalse(accepted.stream().write(new byte[TOO_MUCH]));
        CompletableFuture<Boolean> reader = Await.start(() -> {
            if (way == Way.RESET && wire.hasReset()) {
                IOException unused = accepted.peer().readToFailure();
            } else {
                assertEquals(TOO_MUCH, accepted.peer().readToEnd().length);
            }
            return true;
        });
        accepted.events().assertClosedAfter(way.after("connect"));
        assertEquals(1, accepted.events().count("drain"));
        Await.value("the peer has read", reader);
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void inErrorItChangesNothing(Way way) throws IOException {
        Exception first = new Exception("first");
        Connected connected = wire.connected();
        connected.stream().onError(error -> way.of(connected.stream()));
        connected.stream().destroy(first);
        connected.events().assertClosedAfter("connect", "error", "close(true)");
        assertSame(first, connected.events().error());
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void inCloseItChangesNothing(Way way) throws IOException {
        Connected connected = wire.connected();
        connected.stream().onClose(hadError -> way.of(connected.stream()));
        connected.stream().destroy();
        Await.value("closed", connected.stream().closed());
        wire.settle();
        connected.events().assertNames("connect", "close(false)");
    }

    // -- Again and again. --

    @ParameterizedTest
    @EnumSource(Way.class)
    void twiceIsOnce(Way way) throws IOException {
        Connected connected = wire.connected();
        way.of(connected.stream());
        way.of(connected.stream());
        connected.events().assertClosedAfter(way.after("connect"));
        way.of(connected.stream());
        wire.settle();
        connected.events().assertNames(way.after("connect"));
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void fromManyThreadsAtOnceIsOnce(Way way) throws IOException {
        Connected connected = wire.connected();
        List<CompletableFuture<Boolean>> callers = java.util.stream.Stream.generate(() -> Await.start(() -> {
                    way.of(connected.stream());
                    return true;
                }))
                .limit(8)
                .toList();
        callers.forEach(caller -> Await.value("a call of " + way, caller));
        connected.events().assertClosedAfter(way.after("connect"));
        wire.settle();
        connected.events().assertNames(way.after("connect"));
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void whilePaused(Way way) throws IOException {
        Connected connected = wire.connected();
        connected.stream().pause();
        way.of(connected.stream());
        connected.events().assertClosedAfter(way.after("connect"));
        assertPeerSees(way, connected.peer());
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void afterOurEnd(Way way) throws IOException {
        Connected connected = wire.connected();
        connected.stream().end();
        assertEquals("", connected.peer().readTextToEnd());
        way.of(connected.stream());
        connected.events().assertClosedAfter(way.after("connect"));
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void afterThePeersEnd(Way way) throws IOException {
        Connected connected = wire.connected(options -> options.allowHalfOpen(true), 0);
        connected.peer().finish();
        connected.events().await("end");
        way.of(connected.stream());
        connected.events().assertClosedAfter(way.after("connect", "end"));
        assertPeerSees(way, connected.peer());
    }

    // -- What each of them does. --

    @ParameterizedTest
    @EnumSource(value = Way.class, mode = EnumSource.Mode.EXCLUDE, names = "CLOSE")
    void whatIsQueuedIsDropped(Way way) throws IOException {
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(new byte[TOO_MUCH]));
        way.of(connected.stream());
        assertEquals(0, connected.stream().bufferedBytes());
        connected.events().assertClosedAfter(way.after("connect"));
        if (way == Way.RESET && wire.hasReset()) {
            IOException unused = connected.peer().readToFailure();
        } else {
            assertTrue(connected.peer().readToCut().length < TOO_MUCH);
        }
    }

    @Test
    void closeSendsWhatIsQueuedThenFinAndDoesNotWaitForThePeersEnd() throws IOException {
        byte[] payload = Payload.bytes(1, TOO_MUCH);
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(payload));
        connected.stream().close();
        wire.settle();
        assertEquals(0, connected.events().count("close(false)"), "closed with a queue");
        assertEquals(Payload.summary(payload), Payload.summary(connected.peer().readToEnd()));
        connected.events().assertClosedAfter("connect", "close(false)");
    }

    @Test
    void closeDropsWhatArrivesMeanwhile() throws IOException {
        byte[] payload = Payload.bytes(2, TOO_MUCH);
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(payload));
        connected.stream().close();
        connected.peer().send("too late");
        wire.settle();
        assertEquals(Payload.summary(payload), Payload.summary(connected.peer().readToEnd()));
        connected.events().assertClosedAfter("connect", "close(false)");
    }

    @Test
    void closeWithUnreadBytesDoesNotCutOffWhatWasWritten() throws IOException {
        byte[] payload = Payload.bytes(3, 200_000);
        Connected connected = wire.connected();
        connected.stream().pause();
        connected.peer().send(new byte[1000]);
        wire.settle();
        connected.stream().write(payload);
        connected.stream().close();
        assertEquals(Payload.summary(payload), Payload.summary(connected.peer().readToEnd()));
        connected.events().assertClosedAfter("connect", "close(false)");
    }

    @Test
    void closeAfterTheLastWriteInAListenerSendsItAll() throws IOException {
        byte[] payload = Payload.bytes(4, TOO_MUCH);
        Server server = wire.listening(stream -> stream.onData(data -> {
            stream.write(payload);
            stream.close();
        }));
        Peer peer = wire.dial(server, SMALL_RECEIVE_BUFFER).send("go");
        assertEquals(Payload.summary(payload), Payload.summary(peer.readToEnd()));
    }

    @Test
    void closeIsEndedByDestroy() throws IOException {
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(new byte[TOO_MUCH]));
        connected.stream().close();
        connected.stream().destroy();
        connected.events().assertClosedAfter("connect", "close(false)");
        assertTrue(connected.peer().readToCut().length < TOO_MUCH);
    }

    @Test
    void tryWithResourcesClosesTheStream() throws IOException {
        PeerListener listener = wire.peerListener();
        Events events;
        try (Stream stream = wire.stream()) {
            events = Events.of(scope, stream);
            wire.connect(stream, listener);
            events.await("connect");
            stream.write("bye");
        }
        assertEquals("bye", listener.accept().readTextToEnd());
        events.assertClosedAfter("connect", "close(false)");
    }

    @Test
    void resetIsAnErrorForTheOtherEnd() {
        assumeTrue(wire.hasReset());
        Pair pair = wire.pair();
        pair.client().reset();
        pair.clientEvents().assertClosedAfter("connect", "close(false)");
        pair.serverEvents().assertClosedAfter("connect", "error", "close(true)");
    }

    @Test
    void destroyIsAnEndForTheOtherEnd() {
        Pair pair = wire.pair();
        pair.server().destroy();
        pair.serverEvents().assertClosedAfter("connect", "close(false)");
        pair.clientEvents().assertClosedAfter(wire.whenCut("connect"));
    }

    @Test
    void destroyWithNullIsRefusedAndTheStreamUnharmed() throws IOException {
        Connected connected = wire.connected();
        assertThrows(NullPointerException.class, () -> connected.stream().destroy(null));
        connected.stream().end("fine");
        assertEquals("fine", connected.peer().readTextToEnd());
    }

    // -- After close. --

    @Test
    void nothingThrowsAfterClose() throws IOException {
        Connected connected = wire.connected();
        Stream stream = connected.stream();
        stream.destroy();
        connected.events().assertClosedAfter("connect", "close(false)");
        stream.setNoDelay();
        stream.setNoDelay(false);
        stream.setKeepAlive();
        stream.setKeepAlive(true);
        stream.setKeepAlive(true, 1000);
        stream.setTimeout(10);
        stream.setTimeout(0);
        stream.setEncoding(null);
        stream.pause();
        stream.resume();
        stream.end();
        stream.destroy();
        stream.destroy(new Exception("the cause of the test"));
        stream.reset();
        stream.close();
        assertEquals(wire.host(), stream.remoteAddress());
        assertEquals(wire.host(), stream.localAddress());
        assertEquals(connected.peer().localPort(), stream.remotePort());
        assertEquals(connected.peer().remotePort(), stream.localPort());
        assertEquals(0, stream.bufferedBytes());
        assertEquals(ReadyState.CLOSED, stream.readyState());
        wire.settle();
        connected.events().assertNames("connect", "close(false)");
    }

    private void assertPeerSees(Way way, Peer peer) throws IOException {
        if (way == Way.RESET && wire.hasReset()) {
            IOException unused = peer.readToFailure();
        } else if (way == Way.CLOSE) {
            assertEquals("", peer.readTextToEnd());
        } else {
            assertEquals(0, peer.readToCut().length);
        }
    }
}
