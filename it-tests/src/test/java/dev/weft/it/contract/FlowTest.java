// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.ContractTest;
import dev.weft.it.support.Events;
import dev.weft.it.support.OnOneChannel;
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
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code pause} and {@code resume}, in every state and order. */
@OnOneChannel
class FlowTest extends ContractTest {
    private static final int MUCH = 6 << 20;

    @Test
    void pauseHoldsBackDataUntilResume() throws IOException {
        Connected connected = wire.connected();
        assertSame(connected.stream(), connected.stream().pause());
        connected.peer().send("held back");
        wire.settle();
        connected.events().assertNames("connect");
        assertSame(connected.stream(), connected.stream().resume());
        connected.events().awaitText("held back");
    }

    @Test
    void pauseInDataHoldsBackTheRest() throws IOException {
        Connected connected = wire.connected();
        connected.stream().onData(data -> connected.stream().pause());
        connected.peer().send("first");
        connected.events().awaitText("first");
        connected.peer().send("second");
        wire.settle();
        assertEquals("first", connected.events().text());
        connected.stream().resume();
        connected.events().awaitText("firstsecond");
        connected.peer().send("third");
        wire.settle();
        assertEquals("firstsecond", connected.events().text());
        connected.stream().resume();
        connected.events().awaitText("firstsecondthird");
    }

    @Test
    void pausedStreamDoesNotReadSoThatThePeerIsHeldUp() throws IOException {
        byte[] payload = Payload.bytes(1, 3 * MUCH);
        Connected connected = wire.connected();
        connected.stream().pause();
        CompletableFuture<Boolean> sender = Await.start(() -> {
            connected.peer().send(payload).finish();
            return true;
        });
        wire.settle();
        // a read that was under way when pause was called may still take a buffer
        assertTrue(
                connected.stream().bytesRead() <= 256 << 10,
                () -> "read " + connected.stream().bytesRead());
        connected.stream().resume();
        Await.value("the peer has sent", sender);
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(
                Payload.summary(payload), Payload.summary(connected.events().bytes()));
    }

    @Test
    void pausedStreamStillWrites() throws IOException {
        byte[] payload = Payload.bytes(2, MUCH);
        Connected connected = wire.connected();
        connected.stream().pause();
        connected.stream().write("small ");
        connected.stream().write(payload);
        connected.stream().end();
        assertEquals("small ", connected.peer().readText(6));
        assertEquals(Payload.summary(payload), Payload.summary(connected.peer().readToEnd()));
    }

    @Test
    void pauseAndResumeFromListenersThrottleATransferWithoutLoss() throws IOException {
        byte[] payload = Payload.bytes(3, MUCH);
        Pair pair = wire.pair();
        AtomicInteger pauses = new AtomicInteger();
        AtomicBoolean paused = new AtomicBoolean();
        AtomicInteger dataWhilePaused = new AtomicInteger();
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        pair.client().onData(data -> {
            if (paused.get()) {
                dataWhilePaused.incrementAndGet();
            }
            if (pauses.get() < 20) {
                pauses.incrementAndGet();
                paused.set(true);
                pair.client().pause();
                CompletableFuture<Boolean> unused = Await.start(() -> {
                    paused.set(false);
                    pair.client().resume();
                    return true;
                });
            }
        });
        pair.client().onClose(closed::complete);
        pair.server().write(payload);
        pair.server().end();
        assertEquals(false, Await.value("close", closed));
        assertEquals(
                Payload.summary(payload), Payload.summary(pair.clientEvents().bytes()));
        assertEquals(0, dataWhilePaused.get(), "data while paused");
        assertTrue(pauses.get() > 2, () -> "paused only " + pauses + " times");
    }

    /** Each letter is a call: c(onnect), p(ause), r(esume). */
    @ParameterizedTest
    @CsvSource({
        "cp, true",
        "pc, true",
        "cpr, false",
        "prc, false",
        "pcr, false",
        "prpc, true",
        "pcrp, true",
        "crp, true"
    })
    void lastOfPauseAndResumeAroundConnectCounts(String calls, boolean paused) throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        call(stream, calls, listener);
        assertFlows(!paused, events, listener.accept());
    }

    @ParameterizedTest
    @CsvSource({"p, true", "pr, false", "rp, true", "prp, true"})
    void lastOfPauseAndResumeWhileConnectingCounts(String calls, boolean paused) throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = wire.connectAnd(stream, listener, () -> call(stream, calls, listener));
        assertFlows(!paused, events, listener.accept());
    }

    private void call(Stream stream, String calls, PeerListener listener) {
        for (int i = 0; i < calls.length(); i++) {
            switch (calls.charAt(i)) {
                case 'c' -> wire.connect(stream, listener);
                case 'p' -> stream.pause();
                default -> stream.resume();
            }
        }
    }

    private void assertFlows(boolean flows, Events events, Peer peer) throws IOException {
        events.await("connect");
        peer.send("hello");
        if (!flows) {
            wire.settle();
            assertEquals("", events.text());
            events.stream().resume();
        }
        events.awaitText("hello");
        peer.finish();
        events.assertClosedAfter("connect", "data", "end", "close(false)");
    }

    @Test
    void pauseInTheConnectionListenerHoldsBackTheFirstByte() throws IOException {
        CompletableFuture<Events> accepted = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            stream.pause();
            accepted.complete(Events.of(scope, stream));
        });
        Peer unused = wire.dial(server).send("hello").finish();
        Events events = Await.value("connection", accepted).await("connect");
        wire.settle();
        events.assertNames("connect");
        assertEquals(0, events.stream().bytesRead());
        events.stream().resume();
        events.assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals("hello", events.text());
    }

    @Test
    void pauseInConnectHoldsBackTheFirstByte() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.onConnect(stream::pause);
        wire.connect(stream, listener);
        Peer unused = listener.accept().send("hello");
        events.await("connect");
        wire.settle();
        assertEquals("", events.text());
        stream.resume();
        events.awaitText("hello");
    }

    @Test
    void pauseInEndIsWithoutEffect() throws IOException {
        Accepted accepted = wire.accepted();
        accepted.stream().onEnd(() -> accepted.stream().pause());
        accepted.peer().finish();
        accepted.events().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void resumeWithoutPauseIsWithoutEffect() throws IOException {
        Connected connected = wire.connected();
        connected.stream().resume().resume();
        connected.peer().send("hello").finish();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
    }

    @Test
    void severalPausesNeedOneResume() throws IOException {
        Connected connected = wire.connected();
        connected.stream().pause().pause().pause();
        connected.peer().send("hello");
        wire.settle();
        assertEquals("", connected.events().text());
        connected.stream().resume();
        connected.events().awaitText("hello");
    }

    @Test
    void pausedStreamCanEndAndHearsTheAnswerAfterResume() throws IOException {
        Connected connected = wire.connected();
        connected.stream().pause();
        connected.stream().end("question");
        assertEquals("question", connected.peer().readTextToEnd());
        connected.peer().send("answer").finish();
        wire.settle();
        assertEquals(ReadyState.READ_ONLY, connected.stream().readyState());
        connected.stream().resume();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals("answer", connected.events().text());
    }

    @Test
    void pauseOfOneConnectionDoesNotOutliveIt() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, listener);
        Peer first = listener.accept();
        events.await("connect");
        stream.pause();
        stream.destroy();
        events.await("close(false)");
        assertEquals(0, first.readToCut().length);
        stream.resume();
        wire.connect(stream, listener);
        Peer unused = listener.accept().send("hello");
        events.awaitText("hello");
    }

    @Test
    void slowReaderGetsEverythingAndNoTimeoutThatWasNotSet() throws IOException {
        byte[] payload = Payload.bytes(4, 2 << 20);
        Pair pair = wire.pair();
        AtomicInteger chunks = new AtomicInteger();
        pair.client().onData(data -> {
            if (chunks.incrementAndGet() % 3 == 0) {
                pair.client().pause();
                CompletableFuture<Boolean> unused = Await.start(() -> {
                    pair.client().resume();
                    return true;
                });
            }
        });
        pair.server().end(ByteBuffer.wrap(payload));
        pair.clientEvents().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(
                Payload.summary(payload), Payload.summary(pair.clientEvents().bytes()));
    }

    // -- Without listeners. --

    @Test
    void bytesThatNobodyListensToAreCountedAndDropped() throws IOException {
        CompletableFuture<Stream> accepted = new CompletableFuture<>();
        Server server = wire.listening(accepted::complete);
        Peer peer = wire.dial(server).send("dropped");
        Stream stream = Await.value("connection", accepted);
        Await.until("7 bytes are read", () -> stream.bytesRead() == 7);
        wire.settle();
        Events events = Events.of(scope, stream);
        peer.send("heard").finish();
        events.awaitClose();
        assertEquals("heard", events.text());
        assertEquals(12, stream.bytesRead());
    }
}
