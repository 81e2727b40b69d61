// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
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
import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Which events a stream tells on each path through its life, in which order, and its ready state in each of them. */
class EventOrderTest extends ContractTest {
    // -- Names of the states. --

    @Test
    void readyStatesHaveTheNamesOfTheDocument() {
        assertEquals(
                List.of("closed", "opening", "open", "readOnly", "writeOnly"),
                List.of(ReadyState.values()).stream().map(ReadyState::toString).toList());
    }

    @Test
    void newStreamIsClosed() {
        assertEquals(ReadyState.CLOSED, wire.stream().readyState());
    }

    // -- Opening. --

    @Test
    void clientIsOpeningThenConnectsOpen() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = wire.connectAnd(stream, listener, () -> assertEquals(ReadyState.OPENING, stream.readyState()));
        Peer unused = listener.accept();
        events.await("connect").assertNames("connect");
        assertEquals(ReadyState.OPEN, events.stateAt("connect"));
    }

    @Test
    void streamThatCannotConnectYetIsOpening() throws IOException {
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, wire.blackHole());
        wire.settle();
        events.assertNames();
        assertEquals(ReadyState.OPENING, stream.readyState());
        stream.destroy();
        assertEquals(ReadyState.CLOSED, stream.readyState());
        events.assertClosedAfter("close(false)");
    }

    @Test
    void acceptedStreamTellsConnectAfterTheConnectionListeners() {
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        CompletableFuture<Events> accepted = new CompletableFuture<>();
        Server server = wire.server(options -> options, stream -> {
            order.add("connection " + stream.readyState());
            stream.onConnect(() -> order.add("connect " + stream.readyState()));
            accepted.complete(Events.of(scope, stream));
        });
        server.onConnection(stream -> order.add("second connection listener"));
        Stream unused = wire.client(wire.listen(server));
        Await.value("connection", accepted).await("connect").assertNames("connect");
        assertEquals(List.of("connection open", "second connection listener", "connect open"), order);
    }

    @Test
    void acceptedStreamThatIsDestroyedInTheConnectionListenerTellsCloseOnly() throws IOException {
        CompletableFuture<Events> accepted = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            accepted.complete(Events.of(scope, stream));
            stream.destroy();
        });
        Peer peer = wire.dial(server);
        Await.value("connection", accepted).assertClosedAfter("close(false)");
        assertEquals(0, peer.readToCut().length);
    }

    @Test
    void refusedConnectTellsErrorThenCloseInStateClosed() throws IOException {
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, wire.nowhere());
        events.assertClosedAfter("error", "close(true)");
        assertEquals(
                Code.CONNECTION_REFUSED,
                assertInstanceOf(NetException.class, events.error()).code());
        assertEquals(ReadyState.CLOSED, events.stateAt("error"));
        assertEquals(ReadyState.CLOSED, events.stateAt("close(true)"));
    }

    @Test
    void failedLookupTellsErrorThenClose() {
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.connect(1, "no-such-host.invalid");
        events.assertClosedAfter("error", "close(true)");
        assertEquals(
                Code.HOST_NOT_FOUND,
                assertInstanceOf(NetException.class, events.error()).code());
        assertEquals(ReadyState.CLOSED, events.stateAt("error"));
    }

    // -- The peer ends. --

    @Test
    void peersEndIsToldInStateWriteOnlyBeforeClose() throws IOException {
        Accepted accepted = wire.accepted();
        accepted.peer().send("hello").finish();
        accepted.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(ReadyState.OPEN, accepted.events().stateAt("data"));
        assertEquals(ReadyState.WRITE_ONLY, accepted.events().stateAt("end"));
        assertEquals(ReadyState.CLOSED, accepted.events().stateAt("close(false)"));
        assertEquals("", accepted.peer().readTextToEnd());
    }

    @Test
    void clientHearsPeersEndLikeAServersStream() throws IOException {
        Connected connected = wire.connected();
        connected.peer().send("hello").finish();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(ReadyState.WRITE_ONLY, connected.events().stateAt("end"));
        assertEquals("", connected.peer().readTextToEnd());
    }

    @Test
    void whatIsQueuedAtPeersEndStillGoesOutBeforeClose() throws IOException {
        byte[] payload = Payload.bytes(1, 4 << 20);
        Accepted accepted = wire.accepted(options -> options, 16 << 10);
        assertEquals(false, accepted.stream().write(payload), "4 MiB fit a small receive buffer");
        accepted.peer().finish();
        accepted.events().await("end");
        assertEquals(ReadyState.WRITE_ONLY, accepted.events().stateAt("end"));
        assertEquals(0, accepted.events().count("close(false)"), "closed with bytes still queued");
        assertEquals(Payload.summary(payload), Payload.summary(accepted.peer().readToEnd()));
        accepted.events().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void endIsToldInStateClosedIfWeHaveEndedBefore() throws IOException {
        Connected connected = wire.connected();
        connected.stream().end();
        assertEquals(ReadyState.READ_ONLY, connected.stream().readyState());
        assertEquals("", connected.peer().readTextToEnd());
        connected.peer().send("late").finish();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(ReadyState.READ_ONLY, connected.events().stateAt("data"));
        assertEquals(ReadyState.CLOSED, connected.events().stateAt("end"));
        assertEquals("late", connected.events().text());
    }

    @Test
    void halfOpenStreamStaysWriteOnlyAfterPeersEndUntilItEnds() {
        Pair pair = wire.halfOpenPair();
        pair.client().end("question");
        pair.serverEvents().await("end").assertNames("connect", "data", "end");
        assertEquals(ReadyState.WRITE_ONLY, pair.serverEvents().stateAt("end"));
        assertEquals(ReadyState.WRITE_ONLY, pair.server().readyState());
        assertEquals(ReadyState.READ_ONLY, pair.client().readyState());
        wire.settle();
        assertEquals(ReadyState.WRITE_ONLY, pair.server().readyState());
        pair.server().write("answer");
        pair.clientEvents().awaitText("answer");
        pair.server().end();
        pair.serverEvents().assertClosedAfter("connect", "data", "end", "close(false)");
        pair.clientEvents().assertClosedAfter("connect", "data", "end", "close(false)");
    }

    @Test
    void resumeAfterEndDoesNotTellEndAgain() {
        Pair pair = wire.halfOpenPair();
        pair.client().end();
        pair.serverEvents().await("end");
        pair.server().pause().resume().pause().resume();
        wire.settle();
        pair.server().end();
        pair.serverEvents().assertClosedAfter("connect", "end", "close(false)");
        pair.clientEvents().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void streamIsNotDestroyedYetWhenEndIsTold() {
        CompletableFuture<String> stateInEnd = new CompletableFuture<>();
        Server server = wire.listening(
                stream -> stream.onEnd(() -> stateInEnd.complete(stream.readyState() + " " + stream.write("bye"))));
        Events events = wire.clientEvents(server);
        Stream client = events.stream();
        client.end();
        assertEquals("writeOnly true", Await.value("end", stateInEnd));
        events.assertClosedAfter("connect", "data", "end", "close(false)");
    }

    @Test
    void endComesBeforeCloseForASlowReader() throws IOException {
        byte[] payload = Payload.bytes(2, 300_000);
        Connected connected = wire.connected();
        connected.stream().pause();
        CompletableFuture<Void> sent = Await.start(() -> {
            connected.peer().send(payload).finish();
            return null;
        });
        wire.settle();
        connected.events().assertNames("connect");
        connected.stream().resume();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertArrayEquals(payload, connected.events().bytes());
        Await.value("the peer has sent", sent);
    }

    @Test
    void nothingIsLostWhenThePeerSendsAndClosesAtOnce() throws IOException {
        byte[] payload = Payload.bytes(3, 100_000);
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, listener);
        try (Peer peer = listener.accept()) {
            peer.send(payload);
        }
        events.assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(Payload.summary(payload), Payload.summary(events.bytes()));
    }

    // -- Resets. --

    @Test
    void peersResetTellsErrorThenCloseAndNoEnd() throws IOException {
        assumeTrue(wire.hasReset());
        Accepted accepted = wire.accepted();
        accepted.peer().reset();
        accepted.events().assertClosedAfter("connect", "error", "close(true)");
        NetException error =
                assertInstanceOf(NetException.class, accepted.events().error());
        assertEquals(Code.CONNECTION_RESET, error.code());
        assertEquals(ReadyState.CLOSED, accepted.events().stateAt("error"));
        assertEquals(ReadyState.CLOSED, accepted.events().stateAt("close(true)"));
    }

    // -- We close. --

    @Test
    void destroyTellsCloseWithoutErrorAndIsClosedAtOnce() {
        Pair pair = wire.pair();
        pair.client().destroy();
        assertEquals(ReadyState.CLOSED, pair.client().readyState());
        pair.clientEvents().assertClosedAfter("connect", "close(false)");
        pair.serverEvents().assertClosedAfter(wire.whenCut("connect"));
    }

    @Test
    void destroyWithCauseTellsThatErrorThenClose() {
        Exception cause = new Exception("enough");
        Pair pair = wire.pair();
        pair.client().destroy(cause);
        assertEquals(ReadyState.CLOSED, pair.client().readyState());
        pair.clientEvents().assertClosedAfter("connect", "error", "close(true)");
        assertSame(cause, pair.clientEvents().error());
        assertEquals(ReadyState.CLOSED, pair.clientEvents().stateAt("error"));
        pair.serverEvents().assertClosedAfter(wire.whenCut("connect"));
    }

    @Test
    void secondErrorIsNotTold() {
        Exception first = new Exception("first");
        Pair pair = wire.pair();
        pair.client().destroy(first);
        pair.client().destroy(new Exception("second"));
        pair.client().destroy();
        pair.clientEvents().assertClosedAfter("connect", "error", "close(true)");
        assertSame(first, pair.clientEvents().error());
    }

    @Test
    void closeOfBothSidesAtTheSameTimeIsNoError() {
        Pair pair = wire.halfOpenPair();
        pair.client().end("from client");
        pair.server().end("from server");
        pair.clientEvents().assertClosedAfter("connect", "data", "end", "close(false)");
        pair.serverEvents().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals("from server", pair.clientEvents().text());
        assertEquals("from client", pair.serverEvents().text());
    }

    // -- Ready states through a whole life. --

    @Test
    void endWhileConnectingStaysOpeningAndBecomesReadOnly() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = wire.connectAnd(stream, listener, () -> {
            assertEquals(ReadyState.OPENING, stream.readyState());
            stream.end();
            assertEquals(ReadyState.OPENING, stream.readyState());
        });
        Peer peer = listener.accept();
        events.await("connect");
        assertEquals(ReadyState.READ_ONLY, events.stateAt("connect"));
        assertEquals("", peer.readTextToEnd());
        peer.finish();
        events.assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void stateIsReadOnlyAtOnceAfterEndEvenWithAQueue() throws IOException {
        byte[] payload = Payload.bytes(4, 4 << 20);
        Connected connected = wire.connected(options -> options, 16 << 10);
        assertEquals(false, connected.stream().write(payload));
        connected.stream().end();
        assertEquals(ReadyState.READ_ONLY, connected.stream().readyState());
        assertEquals(Payload.summary(payload), Payload.summary(connected.peer().readToEnd()));
        connected.peer().finish();
        connected.events().assertClosedAfter("connect", "end", "close(false)");
    }
}
