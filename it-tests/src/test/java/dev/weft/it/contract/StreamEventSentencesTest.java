// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.Events;
import dev.weft.it.support.Payload;
import dev.weft.it.support.Peer;
import dev.weft.it.support.PeerListener;
import dev.weft.it.support.Wire.Accepted;
import dev.weft.it.support.Wire.Connected;
import dev.weft.it.support.Wire.Pair;
import dev.weft.net.Encoding;
import dev.weft.net.Event;
import dev.weft.net.Net;
import dev.weft.net.NetException;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The sentences on net.Stream and its events. */
class StreamEventSentencesTest extends SentencesTest {
    private static final int SMALL_RECEIVE_BUFFER = 16 << 10;
    private static final int TOO_MUCH = 6 << 20;

    @Test
    @DisplayName("This object is an abstraction of of a TCP or UNIX socket.")
    void streamIsATcpSocket() throws IOException {
        Connected connected = wire.connected();
        assertEquals(connected.peer().localPort(), connected.stream().remotePort());
        assertEquals("127.0.0.1", connected.stream().remoteAddress());
    }

    @Test
    @DisplayName("`net.Stream` instance implement a duplex stream interface.")
    void streamReadsAndWritesAtTheSameTime() {
        byte[] there = Payload.bytes(1, 2 << 20);
        byte[] back = Payload.bytes(2, 2 << 20);
        Pair pair = wire.pair();
        pair.client().write(there);
        pair.server().write(back);
        pair.client().end();
        pair.server().end();
        pair.clientEvents().awaitClose();
        pair.serverEvents().awaitClose();
        assertEquals(Payload.summary(there), Payload.summary(pair.serverEvents().bytes()));
        assertEquals(Payload.summary(back), Payload.summary(pair.clientEvents().bytes()));
    }

    @Test
    @DisplayName(
            "They can be created by the user and used as a client (with `connect()`) or they can be created by Node"
                    + " and passed to the user through the `'connection'` event of a server.")
    void streamsAreMadeByTheUserOrByAServer() {
        CompletableFuture<Stream> passed = new CompletableFuture<>();
        Server server = wire.listening(passed::complete);
        Stream made = scope.add(Net.createStream());
        wire.connect(made, server);
        Stream accepted = Await.value("connection", passed);
        Await.value("connected", made.connected());
        assertEquals(made.localPort(), accepted.remotePort());
    }

    @Test
    @DisplayName("`net.Stream` instances are EventEmitters with the following events:")
    void streamsHaveTheEventsOfTheDocument() {
        assertEquals(
                List.of("connect", "secure", "data", "end", "timeout", "drain", "error", "close"),
                java.util.stream.Stream.of(
                                Event.CONNECT,
                                Event.SECURE,
                                Event.DATA,
                                Event.END,
                                Event.TIMEOUT,
                                Event.DRAIN,
                                Event.ERROR,
                                Event.CLOSE)
                        .map(Event::name)
                        .toList());
        Stream stream = wire.stream();
        stream.on(Event.DRAIN, s -> {});
        assertEquals(1, stream.listenerCount(Event.DRAIN));
    }

    @Test
    @DisplayName("'connect': Emitted when a stream connection successfully is established.")
    void connectIsToldOnBothEnds() {
        Pair pair = wire.pair();
        pair.clientEvents().assertNames("connect");
        pair.serverEvents().assertNames("connect");
    }

    @Test
    @DisplayName("'data': Emitted when data is received.")
    void dataIsTold() throws IOException {
        Connected connected = wire.connected();
        connected.peer().send("data");
        connected.events().awaitText("data");
    }

    @Test
    @DisplayName("The argument `data` will be a `Buffer` or `String`.")
    void dataIsBytesOrText() throws IOException {
        CompletableFuture<Object> bytes = new CompletableFuture<>();
        CompletableFuture<Object> text = new CompletableFuture<>();
        Connected connected = wire.connected();
        connected.stream().setEncoding(Encoding.UTF8);
        connected.stream().onData(bytes::complete);
        connected.stream().onText(text::complete);
        connected.peer().send("both");
        assertEquals(
                4,
                assertInstanceOf(ByteBuffer.class, Await.value("data", bytes)).remaining());
        assertEquals("both", Await.value("text", text));
    }

    @Test
    @DisplayName("Encoding of data is set by `stream.setEncoding()`.")
    void encodingOfTextIsSet() throws IOException {
        CompletableFuture<String> text = new CompletableFuture<>();
        Connected connected = wire.connected();
        connected.stream().setEncoding(Encoding.BASE64);
        connected.stream().onText(text::complete);
        connected.peer().send("abc");
        assertEquals("YWJj", Await.value("text", text));
    }

    @Test
    @DisplayName("'end': Emitted when the other end of the stream sends a FIN packet.")
    void endIsToldOnFin() throws IOException {
        Connected connected = wire.connected(options -> options.allowHalfOpen(true), 0);
        connected.events().assertNames("connect");
        connected.peer().finish();
        connected.events().await("end").assertNames("connect", "end");
    }

    @Test
    @DisplayName("By default (`allowHalfOpen == false`) the stream will destroy its file descriptor once it has written"
            + " out its pending write queue.")
    void byDefaultTheStreamClosesWhenItsQueueIsWritten() throws IOException {
        byte[] payload = Payload.bytes(3, TOO_MUCH);
        Accepted accepted = wire.accepted(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(accepted.stream().write(payload));
        accepted.peer().finish();
        accepted.events().await("end");
        wire.settle();
        assertEquals(0, accepted.events().count("close(false)"));
        assertEquals(Payload.summary(payload), Payload.summary(accepted.peer().readToEnd()));
        accepted.events().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    @DisplayName(
            "However, by setting `allowHalfOpen == true` the stream will not automatically `end()` its side allowing"
                    + " the user to write arbitrary amounts of data, with the caviot that the user is required to `end()` thier side"
                    + " now.")
    void halfOpenStreamWritesOnUntilTheUserEndsIt() throws IOException {
        byte[] payload = Payload.bytes(4, TOO_MUCH);
        Accepted accepted = wire.accepted(options -> options.allowHalfOpen(true), 0);
        accepted.peer().finish();
        accepted.events().await("end");
        wire.settle();
        accepted.stream().write(payload);
        assertEquals(Payload.summary(payload), Payload.summary(accepted.peer().read(TOO_MUCH)));
        assertEquals(0, accepted.events().count("close(false)"));
        accepted.stream().end();
        assertEquals("", accepted.peer().readTextToEnd());
        accepted.events().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    @DisplayName("In the `allowHalfOpen == true` case after `'end'` is emitted the `readyState` will be `'writeOnly'`.")
    void halfOpenStreamIsWriteOnlyAfterEnd() throws IOException {
        Accepted accepted = wire.accepted(options -> options.allowHalfOpen(true), 0);
        accepted.peer().finish();
        accepted.events().await("end");
        wire.settle();
        assertEquals("writeOnly", accepted.stream().readyState().toString());
    }

    @Test
    @DisplayName("'timeout': Emitted if the stream times out from inactivity.")
    void timeoutIsTold() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setTimeout(30);
        connected.events().await("timeout");
    }

    @Test
    @DisplayName("This is only to notify that the stream has been idle.")
    void timeoutChangesNothing() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setTimeout(30);
        connected.events().await("timeout");
        assertEquals(ReadyState.OPEN, connected.stream().readyState());
        connected.peer().send("still");
        connected.events().awaitText("still");
        connected.stream().write("here");
        assertEquals("here", connected.peer().readText(4));
    }

    @Test
    @DisplayName("The user must manually close the connection.")
    void userClosesInTimeout() throws IOException {
        Connected connected = wire.connected();
        connected.stream().onTimeout(connected.stream()::end);
        connected.stream().setTimeout(30);
        assertEquals("", connected.peer().readTextToEnd());
        connected.peer().finish();
        connected.events().assertClosedAfter("connect", "timeout", "end", "close(false)");
    }

    @Test
    @DisplayName("'drain': Emitted when the write buffer becomes empty.")
    void drainIsToldWhenTheQueueIsEmpty() throws IOException {
        CompletableFuture<Long> buffered = new CompletableFuture<>();
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        connected.stream().onDrain(() -> buffered.complete(connected.stream().bufferedBytes()));
        assertFalse(connected.stream().write(new byte[TOO_MUCH]));
        assertTrue(connected.stream().bufferedBytes() > 0);
        assertEquals(TOO_MUCH, connected.peer().read(TOO_MUCH).length);
        assertEquals(0, Await.value("drain", buffered));
    }

    @Test
    @DisplayName("Can be used to throttle uploads.")
    void drainThrottlesAnUpload() throws IOException {
        byte[] piece = new byte[1 << 20];
        int pieces = 8;
        AtomicInteger written = new AtomicInteger();
        Connected connected = wire.connected(options -> options.maxQueuedBytes(piece.length), SMALL_RECEIVE_BUFFER);
        Stream stream = connected.stream();
        Runnable upload = () -> {
            while (written.get() < pieces) {
                written.incrementAndGet();
                if (!stream.write(piece)) {
                    return; // drain follows
                }
            }
            stream.end();
        };
        stream.onDrain(upload::run);
        upload.run();
        assertEquals(pieces * piece.length, connected.peer().readToEnd().length);
        connected.peer().finish();
        connected.events().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    @DisplayName("'error': Emitted when an error occurs.")
    void errorIsTold() throws IOException {
        Connected connected = wire.connected();
        connected.peer().reset();
        connected.events().await("error");
        assertInstanceOf(NetException.class, connected.events().error());
    }

    @Test
    @DisplayName("The `'close'` event will be called directly following this event.")
    void closeFollowsErrorDirectly() throws IOException {
        Connected connected = wire.connected();
        connected.peer().reset();
        connected.events().assertClosedAfter("connect", "error", "close(true)");
        Stream neverConnected = wire.stream();
        Events events = Events.of(scope, neverConnected);
        neverConnected.connect(1, "no-such-host.invalid");
        events.assertClosedAfter("error", "close(true)");
    }

    @Test
    @DisplayName("'close': Emitted once the stream is fully closed.")
    void closeIsToldWhenBothHalvesAreClosed() {
        Pair pair = wire.halfOpenPair();
        pair.client().end();
        pair.serverEvents().await("end");
        wire.settle();
        pair.clientEvents().assertNames("connect");
        pair.serverEvents().assertNames("connect", "end");
        pair.server().end();
        pair.clientEvents().assertClosedAfter("connect", "end", "close(false)");
        pair.serverEvents().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    @DisplayName(
            "The argument `had_error` is a boolean which says if the stream was closed due to a transmission error.")
    void closeSaysWhetherThereWasAnError() throws IOException {
        CompletableFuture<Boolean> clean = new CompletableFuture<>();
        CompletableFuture<Boolean> broken = new CompletableFuture<>();
        PeerListener listener = wire.peerListener();
        Stream first = wire.stream();
        first.onClose(clean::complete);
        wire.connect(first, listener);
        listener.accept().close();
        assertEquals(false, Await.value("close", clean));
        Stream second = wire.stream();
        second.onError(error -> {});
        second.onClose(broken::complete);
        wire.connect(second, listener);
        Peer peer = listener.accept();
        Await.value("connected", second.connected());
        peer.reset();
        assertEquals(true, Await.value("close", broken));
    }
}
