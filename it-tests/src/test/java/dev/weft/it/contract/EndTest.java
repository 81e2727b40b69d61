// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
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
import dev.weft.net.Encoding;
import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** The ends of both halves: our {@code end}, the peer's FIN, its RST, half-open streams. */
class EndTest extends ContractTest {
    private static final int SMALL_RECEIVE_BUFFER = 16 << 10;
    private static final int TOO_MUCH = 6 << 20;

    // -- Our end. --

    @Test
    void endSendsFinAndGoesOnReading() throws IOException {
        Connected connected = wire.connected();
        assertSame(connected.stream(), connected.stream().end());
        assertEquals("", connected.peer().readTextToEnd());
        connected.peer().send("still here").finish();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals("still here", connected.events().text());
    }

    @Test
    void endWithTextSendsItBeforeFin() throws IOException {
        Connected connected = wire.connected();
        assertSame(connected.stream(), connected.stream().end("bye é"));
        assertEquals("bye é", connected.peer().readTextToEnd());
    }

    @Test
    void endWithTextAndEncodingSendsItBeforeFin() throws IOException {
        Connected connected = wire.connected();
        connected.stream().end("00ff10", Encoding.HEX);
        assertArrayEquals(new byte[] {0, (byte) 0xff, 0x10}, connected.peer().readToEnd());
    }

    @Test
    void endWithBytesSendsThemBeforeFinAndLeavesTheBufferAlone() throws IOException {
        ByteBuffer bytes =
                ByteBuffer.wrap("xxbyexx".getBytes(UTF_8)).position(2).limit(5);
        Connected connected = wire.connected();
        connected.stream().end(bytes);
        assertEquals("bye", connected.peer().readTextToEnd());
        assertEquals(2, bytes.position());
        assertEquals(5, bytes.limit());
    }

    @Test
    void endWithNothingSendsFinOnly() throws IOException {
        Connected connected = wire.connected();
        connected.stream().end("");
        assertEquals("", connected.peer().readTextToEnd());
    }

    @Test
    void finFollowsEverythingThatIsQueued() throws IOException {
        byte[] payload = Payload.bytes(1, TOO_MUCH);
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(payload));
        connected.stream().write("last words");
        connected.stream().end(ByteBuffer.wrap(payload));
        ByteBuffer expected = ByteBuffer.allocate(2 * TOO_MUCH + 10);
        expected.put(payload).put("last words".getBytes(UTF_8)).put(payload);
        assertEquals(
                Payload.summary(expected.array()),
                Payload.summary(connected.peer().readToEnd()));
    }

    @Test
    void secondEndDoesNothing() throws IOException {
        Connected connected = wire.connected();
        connected.stream().end("once").end().end();
        assertEquals("once", connected.peer().readTextToEnd());
        assertEquals(ReadyState.READ_ONLY, connected.stream().readyState());
        connected.peer().finish();
        connected.events().assertClosedAfter("connect", "end", "close(false)");
        connected.stream().end();
    }

    @Test
    void endOfANeverConnectedStreamDoesNothing() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        assertSame(stream, stream.end());
        assertEquals(ReadyState.CLOSED, stream.readyState());
        wire.connect(stream, listener);
        Peer peer = listener.accept();
        events.await("connect");
        stream.end("later");
        assertEquals("later", peer.readTextToEnd());
    }

    @Test
    void endWhileConnectingIsSentAfterConnect() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = wire.connectAnd(stream, listener, () -> stream.end("early"));
        Peer peer = listener.accept();
        assertEquals("early", peer.readTextToEnd());
        peer.send("answer").finish();
        events.assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals("answer", events.text());
    }

    @Test
    void endInConnectIsSeenByThePeer() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.onConnect(stream::end);
        wire.connect(stream, listener);
        Peer peer = listener.accept();
        assertEquals("", peer.readTextToEnd());
        peer.finish();
        events.assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void endInTheConnectionListenerIsSeenByThePeer() throws IOException {
        Server server = wire.listening(stream -> stream.end("full house"));
        assertEquals("full house", wire.dial(server).readTextToEnd());
    }

    // -- The peer's end, while we do not allow half-open. --

    @Test
    void writeInEndGoesOutBeforeTheStreamEndsItself() throws IOException {
        Server server = wire.listening(stream -> stream.onEnd(() -> assertTrue(stream.write("goodbye"))));
        Peer peer = wire.dial(server).finish();
        assertEquals("goodbye", peer.readTextToEnd());
    }

    @Test
    void longWriteInEndGoesOutBeforeTheStreamEndsItself() throws IOException {
        byte[] payload = Payload.bytes(2, TOO_MUCH);
        CompletableFuture<Events> accepted = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            accepted.complete(Events.of(scope, stream));
            stream.onEnd(() -> stream.write(payload));
        });
        Peer peer = wire.dial(server, SMALL_RECEIVE_BUFFER).finish();
        assertEquals(Payload.summary(payload), Payload.summary(peer.readToEnd()));
        Await.value("connection", accepted).assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void endInEndIsNoDifferentFromEndingItself() throws IOException {
        CompletableFuture<Events> accepted = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            accepted.complete(Events.of(scope, stream));
            stream.onEnd(() -> stream.end("goodbye"));
        });
        Peer peer = wire.dial(server).finish();
        assertEquals("goodbye", peer.readTextToEnd());
        Await.value("connection", accepted).assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void streamEndsItselfAfterAllEndListeners() throws IOException {
        Server server = wire.listening(stream -> {
            stream.onEnd(() -> stream.write("one "));
            stream.onEnd(() -> stream.write("two "));
            stream.onEnd(() -> stream.write("three"));
        });
        assertEquals("one two three", wire.dial(server).finish().readTextToEnd());
    }

    @Test
    void streamWithoutListenersEndsItselfAfterThePeer() throws IOException {
        Server server = wire.listening(stream -> {});
        Peer peer = wire.dial(server).send("nobody listens").finish();
        assertEquals("", peer.readTextToEnd());
        Await.until("the server has no connection", () -> server.connections() == 0);
    }

    @Test
    void clientWithoutListenersEndsItselfAfterThePeer() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.connect(wire.stream(), listener);
        Peer peer = listener.accept().finish();
        assertEquals("", peer.readTextToEnd());
        Await.until("the stream is closed", () -> stream.readyState() == ReadyState.CLOSED);
    }

    // -- Half-open. --

    @Test
    void halfOpenServerMayAnswerLongAfterThePeersEnd() throws IOException {
        Accepted accepted = wire.accepted(options -> options.allowHalfOpen(true), 0);
        accepted.peer().send("question").finish();
        accepted.events().await("end");
        assertEquals("question", accepted.events().text());
        for (int i = 0; i < 10; i++) {
            wire.settle();
            accepted.stream().write("answer ");
        }
        assertEquals(ReadyState.WRITE_ONLY, accepted.stream().readyState());
        accepted.stream().end("over");
        assertEquals("answer ".repeat(10) + "over", accepted.peer().readTextToEnd());
        accepted.events().assertClosedAfter("connect", "data", "end", "close(false)");
    }

    @Test
    void halfOpenClientMayGoOnAfterThePeersEnd() throws IOException {
        Connected connected = wire.connected(options -> options.allowHalfOpen(true), 0);
        connected.peer().finish();
        connected.events().await("end").assertNames("connect", "end");
        wire.settle();
        assertEquals(ReadyState.WRITE_ONLY, connected.stream().readyState());
        connected.stream().write("still ");
        connected.stream().end("here");
        assertEquals("still here", connected.peer().readTextToEnd());
        connected.events().assertClosedAfter("connect", "end", "close(false)");
        assertEquals(ReadyState.CLOSED, connected.stream().readyState());
    }

    @Test
    void halfOpenStreamThatEndedFirstClosesAfterThePeersEnd() throws IOException {
        Connected connected = wire.connected(options -> options.allowHalfOpen(true), 0);
        connected.stream().end();
        assertEquals("", connected.peer().readTextToEnd());
        connected.peer().finish();
        connected.events().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void halfOpenStreamWithAQueueAtItsEndClosesWhenItIsSent() throws IOException {
        byte[] payload = Payload.bytes(3, TOO_MUCH);
        Accepted accepted = wire.accepted(options -> options.allowHalfOpen(true), SMALL_RECEIVE_BUFFER);
        accepted.peer().finish();
        accepted.events().await("end");
        accepted.stream().end(ByteBuffer.wrap(payload));
        assertEquals(ReadyState.CLOSED, accepted.stream().readyState());
        wire.settle();
        assertEquals(0, accepted.events().count("close(false)"), "closed with a queue");
        assertEquals(Payload.summary(payload), Payload.summary(accepted.peer().readToEnd()));
        accepted.events().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void bothSidesHalfOpenTalkInTurns() {
        Pair pair = wire.halfOpenPair();
        pair.client().write("a");
        pair.serverEvents().awaitText("a");
        pair.server().end("b");
        pair.clientEvents().awaitText("b").await("end");
        pair.client().end("c");
        pair.serverEvents().awaitText("ac");
        pair.clientEvents().assertClosedAfter("connect", "data", "end", "close(false)");
        pair.serverEvents().assertClosedAfter("connect", "data", "end", "close(false)");
    }

    // -- The peer's end, in other states. --

    @Test
    void peersEndRightAfterItsAcceptIsToldAfterConnect() throws IOException {
        assumeFalse(wire.isSecured(), "over TLS it is an end or a cut, by how far the handshake was");
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, listener);
        listener.accept().close();
        events.assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void peersEndWhilePausedIsToldAfterResume() throws IOException {
        Connected connected = wire.connected();
        connected.stream().pause();
        connected.peer().send("data").finish();
        wire.settle();
        connected.events().assertNames("connect");
        assertEquals(ReadyState.OPEN, connected.stream().readyState());
        connected.stream().resume();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals("data", connected.events().text());
    }

    @Test
    void peersEndWhilePausedInDataIsToldAfterResume() throws IOException {
        Connected connected = wire.connected();
        connected.stream().onData(data -> connected.stream().pause());
        connected.peer().send("data");
        connected.events().awaitText("data");
        connected.peer().finish();
        wire.settle();
        connected.events().assertNames("connect", "data");
        connected.stream().resume();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
    }

    @Test
    void peersEndWhileAListenerRunsIsToldAfterIt() throws IOException {
        CountDownLatch inListener = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        Connected connected = wire.connected();
        connected.stream().onData(data -> {
            inListener.countDown();
            Await.latch("the peer has ended", ended);
        });
        connected.peer().send("x");
        Await.latch("data", inListener);
        connected.peer().finish();
        connected.events().assertNames("connect", "data");
        ended.countDown();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
    }

    // -- The peer's reset, in every state. --

    @Test
    void resetOfAClientsConnectionIsAnError() throws IOException {
        assumeTrue(wire.hasReset());
        Connected connected = wire.connected();
        connected.peer().reset();
        connected.events().assertClosedAfter("connect", "error", "close(true)");
        assertCode(Code.CONNECTION_RESET, connected.events());
    }

    @Test
    void resetRightAfterAcceptIsAnError() throws IOException {
        assumeTrue(wire.hasReset());
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, listener);
        listener.accept().reset();
        events.awaitClose();
        assertEquals(1, events.count("error"), events::toString);
        assertCode(Code.CONNECTION_RESET, events);
        assertEquals(0, events.count("end"));
    }

    @Test
    void dataBeforeAResetThatWasReadIsToldBeforeTheError() throws IOException {
        assumeTrue(wire.hasReset());
        Connected connected = wire.connected();
        connected.peer().send("last words");
        connected.events().awaitText("last words");
        connected.peer().reset();
        connected.events().assertClosedAfter("connect", "data", "error", "close(true)");
    }

    @Test
    void resetAfterOurEndIsAnError() throws IOException {
        assumeTrue(wire.hasReset());
        Connected connected = wire.connected();
        connected.stream().end();
        assertEquals("", connected.peer().readTextToEnd());
        connected.peer().reset();
        connected.events().assertClosedAfter("connect", "error", "close(true)");
        assertCode(Code.CONNECTION_RESET, connected.events());
    }

    @Test
    void resetWhilePausedIsNoticedOnResume() throws IOException {
        assumeTrue(wire.hasReset());
        Connected connected = wire.connected();
        connected.stream().pause();
        connected.peer().reset();
        wire.settle();
        connected.stream().resume();
        connected.events().assertClosedAfter("connect", "error", "close(true)");
        assertCode(Code.CONNECTION_RESET, connected.events());
    }

    @Test
    void resetWhilePausedIsNoticedOnWrite() throws IOException {
        assumeTrue(wire.hasReset());
        Connected connected = wire.connected();
        connected.stream().pause();
        connected.peer().reset();
        wire.settle();
        assertFalse(connected.stream().write("x"));
        connected.events().assertClosedAfter("connect", "error", "close(true)");
        assertFalse(connected.stream().write("x"));
    }

    @Test
    void resetWithAQueueDropsIt() throws IOException {
        assumeTrue(wire.hasReset());
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(new byte[TOO_MUCH]));
        connected.peer().reset();
        connected.events().assertClosedAfter("connect", "error", "close(true)");
        assertEquals(0, connected.stream().bufferedBytes());
        assertEquals(0, connected.events().count("drain"));
        Code code =
                assertInstanceOf(NetException.class, connected.events().error()).code();
        assertTrue(code == Code.CONNECTION_RESET || code == Code.BROKEN_PIPE, code::toString);
    }

    /** The writer's failed write takes the error from the socket, so that the reader's read sees what looks like FIN. */
    @Test
    void resetWithAQueueIsNeverTakenForAnEnd() throws IOException {
        assumeTrue(wire.hasReset());
        byte[] payload = new byte[TOO_MUCH];
        for (int round = 0; round < 40; round++) {
            Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
            assertFalse(connected.stream().write(payload));
            connected.peer().reset();
            connected.events().assertClosedAfter("connect", "error", "close(true)");
        }
    }

    @Test
    void resetWithAQueueAndAnEndIsAnError() throws IOException {
        assumeTrue(wire.hasReset());
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        connected.stream().end(ByteBuffer.allocate(TOO_MUCH));
        connected.peer().reset();
        connected.events().assertClosedAfter("connect", "error", "close(true)");
    }

    @Test
    void resetOfAHalfOpenStreamThatWritesIsAnError() throws IOException {
        assumeTrue(wire.hasReset());
        Accepted accepted = wire.accepted(options -> options.allowHalfOpen(true), 0);
        accepted.peer().finish();
        accepted.events().await("end");
        accepted.peer().reset();
        Await.until("a write after a reset closes the stream", () -> {
            accepted.stream().write("x");
            return accepted.stream().readyState() == ReadyState.CLOSED;
        });
        accepted.events().assertClosedAfter("connect", "end", "error", "close(true)");
    }

    @Test
    void resetWhileAListenerRunsIsToldAfterItAndItsWritesAreFalse() throws IOException {
        assumeTrue(wire.hasReset());
        CountDownLatch inListener = new CountDownLatch(1);
        CountDownLatch reset = new CountDownLatch(1);
        CompletableFuture<Boolean> written = new CompletableFuture<>();
        Connected connected = wire.connected();
        connected.stream().onData(data -> {
            inListener.countDown();
            Await.latch("the peer has reset", reset);
            // The first write after RST has arrived fails; there is no state to wait for.
            boolean last = true;
            for (int i = 0; i < 1000 && last; i++) {
                last = connected.stream().write(new byte[10_000]);
            }
            written.complete(last);
        });
        connected.peer().send("x");
        Await.latch("data", inListener);
        connected.peer().reset();
        reset.countDown();
        assertFalse(Await.value("a listener's writes after a reset", written));
        connected.events().assertClosedAfter("connect", "data", "error", "close(true)");
    }

    private static void assertCode(Code expected, Events events) {
        assertEquals(
                expected, assertInstanceOf(NetException.class, events.error()).code());
    }
}
