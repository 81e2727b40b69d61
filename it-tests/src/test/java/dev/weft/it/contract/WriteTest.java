// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
import dev.weft.net.Encoding;
import dev.weft.net.Event;
import dev.weft.net.Listener;
import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code write} promises: its return value, {@code drain}, order, and that it never parks. */
@OnOneChannel
class WriteTest extends ContractTest {
    private static final int SMALL_RECEIVE_BUFFER = 16 << 10;

    /** More than the kernel takes from us for a peer that does not read. */
    private static final int TOO_MUCH = 6 << 20;

    // -- True, false and drain. --

    @Test
    void trueMeansThatTheKernelHasEverything() throws IOException {
        assumeFalse(wire.isSecured(), "the layer may have a record of its own to send first: then it is false");
        CompletableFuture<String> result = new CompletableFuture<>();
        Server server = wire.listening(stream -> stream.onData(data ->
                result.complete(stream.write(data) + " " + stream.bufferedBytes() + " " + stream.bytesWritten())));
        Peer peer = wire.dial(server).send("hello");
        assertEquals("true 0 5", Await.value("a write in a data listener", result));
        assertEquals("hello", peer.readText(5));
    }

    @Test
    void trueIsNotFollowedByDrain() throws IOException {
        Accepted accepted = wire.accepted();
        AtomicInteger falses = new AtomicInteger();
        accepted.stream().onData(data -> {
            if (!accepted.stream().write(data)) {
                falses.incrementAndGet();
            }
        });
        for (int i = 0; i < 100; i++) {
            accepted.peer().send("ping");
            assertEquals("ping", accepted.peer().readText(4));
        }
        accepted.peer().finish();
        accepted.events().awaitClose();
        assertEquals(0, falses.get(), "writes of 4 bytes in a data listener that did not go to the kernel");
        assertEquals(0, accepted.events().count("drain"));
    }

    @Test
    void falseIsFollowedByExactlyOneDrainWhenTheQueueIsEmpty() throws IOException {
        byte[] payload = Payload.bytes(1, TOO_MUCH);
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        CompletableFuture<Long> bufferedInDrain = new CompletableFuture<>();
        connected.stream()
                .onDrain(() -> bufferedInDrain.complete(connected.stream().bufferedBytes()));
        assertFalse(connected.stream().write(payload));
        assertTrue(connected.stream().bufferedBytes() > 0);
        assertEquals(TOO_MUCH, connected.stream().bytesWritten());
        wire.settle();
        assertEquals(0, connected.events().count("drain"), "drain with a queue");
        assertEquals(Payload.summary(payload), Payload.summary(connected.peer().read(TOO_MUCH)));
        assertEquals(0, Await.value("drain", bufferedInDrain));
        connected.stream().end();
        connected.peer().finish();
        connected.events().assertClosedAfter("connect", "end", "close(false)");
        assertEquals(1, connected.events().count("drain"));
    }

    @Test
    void severalFalsesAreFollowedByOneDrain() throws IOException {
        byte[] payload = Payload.bytes(2, TOO_MUCH);
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(payload));
        for (int i = 0; i < 10; i++) {
            assertFalse(connected.stream().write("more"), "a write behind a queue");
        }
        byte[] unused = connected.peer().read(TOO_MUCH + 40);
        connected.events().await("drain");
        connected.stream().end();
        connected.peer().finish();
        connected.events().assertClosedAfter("connect", "end", "close(false)");
        assertEquals(1, connected.events().count("drain"));
    }

    @Test
    void eachTimeTheQueueEmptiesThereIsADrain() throws IOException {
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        for (int round = 1; round <= 3; round++) {
            assertFalse(connected.stream().write(Payload.bytes(round, TOO_MUCH)));
            byte[] unused = connected.peer().read(TOO_MUCH);
            connected.events().await("drain", round);
        }
        connected.peer().finish();
        connected.events().awaitClose();
        assertEquals(3, connected.events().count("drain"));
    }

    @Test
    void writeInDrainListenerKeepsAnUploadGoing() throws IOException {
        int pieces = 40;
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        AtomicInteger next = new AtomicInteger();
        Stream stream = connected.stream();
        Runnable fill = () -> {
            while (next.get() < pieces) {
                byte[] piece = Payload.bytes(next.getAndIncrement(), 100_000);
                sent.writeBytes(piece);
                if (!stream.write(piece)) {
                    return;
                }
            }
            if (next.getAndIncrement() == pieces) {
                stream.end();
            }
        };
        stream.onDrain(fill::run);
        stream.once(Event.DATA, data -> fill.run());
        connected.peer().send("go");
        byte[] received = connected.peer().readToEnd();
        assertEquals(Payload.summary(sent.toByteArray()), Payload.summary(received));
        connected.peer().finish();
        connected.events().awaitClose();
    }

    @Test
    void drainIsToldAlsoAfterEnd() throws IOException {
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(Payload.bytes(3, TOO_MUCH)));
        connected.stream().end();
        byte[] unused = connected.peer().readToEnd();
        connected.events().await("drain");
        connected.peer().finish();
        connected.events().assertClosedAfter("connect", "end", "close(false)");
        assertEquals(1, connected.events().count("drain"));
    }

    @Test
    void drainIsNotToldIfTheStreamIsDestroyedWithAQueue() throws IOException {
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(Payload.bytes(4, TOO_MUCH)));
        connected.stream().destroy();
        assertEquals(0, connected.stream().bufferedBytes());
        connected.events().assertClosedAfter("connect", "close(false)");
        assertEquals(0, connected.events().count("drain"));
    }

    @Test
    void emptyWriteIsTrueSendsNothingAndTellsNoDrain() throws IOException {
        Connected connected = wire.connected();
        assertTrue(connected.stream().write(""));
        assertTrue(connected.stream().write(new byte[0]));
        assertTrue(connected.stream().write(ByteBuffer.allocate(0)));
        assertEquals(0, connected.stream().bytesWritten());
        connected.stream().end("x");
        assertEquals("x", connected.peer().readTextToEnd());
        connected.peer().finish();
        connected.events().assertClosedAfter("connect", "end", "close(false)");
    }

    // -- Never parks. --

    @Test
    void writeReturnsOnAPlatformThreadThoughThePeerNeverReads() throws IOException {
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        Await.returns(
                "a write to a peer that does not read",
                () -> assertFalse(connected.stream().write(new byte[TOO_MUCH])));
        Await.returns("one more write", () -> assertFalse(connected.stream().write(new byte[100])));
    }

    @Test
    void writeReturnsOnAVirtualThreadThoughThePeerNeverReads() throws IOException {
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(Await.returnsOnVirtualThread(
                "a write to a peer that does not read", () -> connected.stream().write(new byte[TOO_MUCH])));
        assertFalse(Await.returnsOnVirtualThread(
                "one more write", () -> connected.stream().write(new byte[100])));
    }

    @ParameterizedTest
    @ValueSource(strings = {"connection", "connect", "data", "end"})
    void writeInAListenerReturnsThoughThePeerNeverReads(String event) throws IOException {
        CompletableFuture<Boolean> result = new CompletableFuture<>();
        Server server = wire.listening(options -> options.allowHalfOpen(true), stream -> {
            Listener<Object> listener = detail -> {
                boolean first = stream.write(new byte[TOO_MUCH]);
                boolean second = stream.write(new byte[100]);
                result.complete(first || second);
            };
            switch (event) {
                case "connection" -> listener.handle(event);
                case "connect" -> stream.onConnect(() -> listener.handle(event));
                case "data" -> stream.onData(listener);
                default -> stream.onEnd(() -> listener.handle(event));
            }
        });
        Peer peer = wire.dial(server, SMALL_RECEIVE_BUFFER);
        peer.send("x").finish();
        assertFalse(Await.value("writes in a '" + event + "' listener to a peer that does not read", result));
    }

    @Test
    void streamHearsItsPeerWhileItsOwnBytesAreStuck() throws IOException {
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(new byte[TOO_MUCH]));
        for (int i = 1; i <= 20; i++) {
            connected.peer().send("0123456789");
            connected.events().awaitSize(10 * i);
        }
    }

    @Test
    void twoEndsThatWriteMoreThanFitsBeforeTheyReadDoNotBlockEachOther() {
        byte[] payload = Payload.bytes(5, TOO_MUCH);
        Pair pair = wire.pair();
        pair.client().write(payload);
        pair.server().write(payload);
        pair.client().end();
        pair.server().end();
        pair.clientEvents().awaitClose();
        pair.serverEvents().awaitClose();
        assertEquals(
                Payload.summary(payload), Payload.summary(pair.clientEvents().bytes()));
        assertEquals(
                Payload.summary(payload), Payload.summary(pair.serverEvents().bytes()));
    }

    // -- Order. --

    @Test
    void bytesOfSeveralThreadsKeepEachThreadsOrderAndEachCallTogether() throws IOException {
        long seed = 42;
        int threads = 4;
        int messages = 300;
        Connected connected = wire.connected();
        List<CompletableFuture<Boolean>> writers = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            int id = thread;
            Random random = new Random(seed + id);
            writers.add(Await.start(() -> {
                for (int i = 0; i < messages; i++) {
                    connected.stream().write(message(id, i, random.nextInt(3000)));
                }
                return true;
            }));
        }
        int[] next = new int[threads];
        for (int i = 0; i < threads * messages; i++) {
            ByteBuffer head = ByteBuffer.wrap(connected.peer().read(12));
            int id = head.getInt();
            int number = head.getInt();
            int length = head.getInt();
            assertTrue(id >= 0 && id < threads, () -> "seed " + seed + ": bytes of two calls are mixed");
            assertEquals(next[id]++, number, () -> "seed " + seed + ": message of thread " + id);
            byte[] body = connected.peer().read(length);
            for (byte b : body) {
                assertEquals((byte) id, b, () -> "seed " + seed + ": body of message " + number + " of thread " + id);
            }
        }
        writers.forEach(writer -> Await.value("a writing thread", writer));
    }

    private static ByteBuffer message(int id, int number, int length) {
        ByteBuffer message =
                ByteBuffer.allocate(12 + length).putInt(id).putInt(number).putInt(length);
        while (message.hasRemaining()) {
            message.put((byte) id);
        }
        return message.flip();
    }

    @Test
    void writesOfAListenerAndOfAnotherThreadKeepTheirOwnOrder() throws IOException {
        int messages = 500;
        Accepted accepted = wire.accepted();
        Stream stream = accepted.stream();
        stream.onData(data -> stream.write(data));
        CompletableFuture<Boolean> other = Await.start(() -> {
            for (int i = 0; i < messages; i++) {
                stream.write("<" + i + ">");
            }
            return true;
        });
        StringBuilder sent = new StringBuilder();
        for (int i = 0; i < messages; i++) {
            String letter = String.valueOf((char) ('a' + i % 26));
            sent.append(letter);
            accepted.peer().send(letter);
        }
        Await.value("the writing thread", other);
        accepted.peer().finish();
        String received = accepted.peer().readTextToEnd();
        assertEquals(sent.toString(), received.replaceAll("<\\d+>", ""));
        StringBuilder numbers = new StringBuilder();
        for (int i = 0; i < messages; i++) {
            numbers.append('<').append(i).append('>');
        }
        assertEquals(numbers.toString(), received.replaceAll("[a-z]", ""));
    }

    @Test
    void whatIsWrittenBeforeAndInConnectArrivesInThatOrder() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = wire.connectAnd(stream, listener, () -> {
            stream.onConnect(() -> stream.end("after"));
            assertFalse(stream.write("before "), "a write while connecting");
        });
        Peer peer = listener.accept();
        assertEquals("before after", peer.readTextToEnd());
        peer.finish();
        events.assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void whatIsWrittenWhileConnectingWaitsAndDrainFollowsConnect() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = wire.connectAnd(stream, listener, () -> {
            assertEquals(ReadyState.OPENING, stream.readyState());
            assertFalse(stream.write("foo"));
            assertEquals(3, stream.bufferedBytes());
            stream.end("bar");
            assertEquals(6, stream.bufferedBytes());
            assertEquals(6, stream.bytesWritten());
            assertEquals(ReadyState.OPENING, stream.readyState());
        });
        Peer peer = listener.accept();
        assertEquals("foobar", peer.readTextToEnd());
        events.await("drain");
        peer.finish();
        events.assertClosedAfter("connect", "end", "close(false)");
        assertEquals(List.of("connect", "drain", "end", "close(false)"), events.names());
        assertEquals(ReadyState.READ_ONLY, events.stateAt("connect"));
    }

    // -- Buffers. --

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void positionAndLimitOfTheBufferStayAsTheyAre(boolean queued) throws IOException {
        Connected connected = wire.connected();
        if (queued) {
            connected.stream().pause();
        }
        byte[] all = Payload.letters(6, 100).getBytes(UTF_8);
        ByteBuffer heap = ByteBuffer.wrap(all).position(10).limit(30);
        ByteBuffer direct = ByteBuffer.allocateDirect(100).put(all).position(30).limit(50);
        ByteBuffer slice = ByteBuffer.wrap(all).slice(50, 20);
        ByteBuffer readOnly =
                ByteBuffer.wrap(all).asReadOnlyBuffer().position(70).limit(100);
        List<ByteBuffer> buffers = List.of(heap, direct, slice, readOnly);
        List<String> before = buffers.stream().map(ByteBuffer::toString).toList();
        if (queued) {
            buffers.forEach(connected.stream()::write);
        } else {
            CompletableFuture<Boolean> written = new CompletableFuture<>();
            connected.stream().onData(data -> {
                buffers.forEach(connected.stream()::write);
                written.complete(true);
            });
            connected.peer().send("go");
            Await.value("data", written);
        }
        assertEquals(before, buffers.stream().map(ByteBuffer::toString).toList());
        assertEquals(new String(all, 10, 90, UTF_8), connected.peer().readText(90));
        connected.stream().end();
        assertEquals("", connected.peer().readTextToEnd());
        assertEquals(before, buffers.stream().map(ByteBuffer::toString).toList());
    }

    @Test
    void bufferOfALargeWriteStaysAsItIsWhileItIsSentAndAfter() throws IOException {
        ByteBuffer payload = ByteBuffer.wrap(Payload.bytes(7, TOO_MUCH)).position(1);
        String before = payload.toString();
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(payload));
        assertEquals(before, payload.toString());
        byte[] unused = connected.peer().read(TOO_MUCH - 1);
        connected.events().await("drain");
        assertEquals(before, payload.toString());
    }

    @Test
    void theSameBufferCanBeWrittenTwice() throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap("again".getBytes(UTF_8));
        Connected connected = wire.connected();
        connected.stream().write(buffer);
        connected.stream().write(buffer);
        assertEquals("againagain", connected.peer().readText(10));
    }

    @Test
    void aBufferFromADataListenerCanBeKeptChangedAndWritten() throws IOException {
        Accepted accepted = wire.accepted();
        accepted.stream().onData(data -> {
            for (int i = data.position(); i < data.limit(); i++) {
                data.put(i, (byte) Character.toUpperCase(data.get(i)));
            }
            accepted.stream().write(data);
        });
        accepted.peer().send("shout");
        assertEquals("SHOUT", accepted.peer().readText(5));
        accepted.events().awaitText("shout");
    }

    // -- Text. --

    @Test
    void textIsUtf8UnlessToldOtherwise() throws IOException {
        Connected connected = wire.connected();
        connected.stream().write("aé€😀");
        connected.stream().end("é");
        assertArrayEquals("aé€😀é".getBytes(UTF_8), connected.peer().readToEnd());
    }

    @Test
    void bytesWrittenCountsBytesNotCharacters() throws IOException {
        Connected connected = wire.connected();
        connected.stream().write("é€😀");
        assertEquals(9, connected.stream().bytesWritten());
    }

    @ParameterizedTest
    @EnumSource(Encoding.class)
    void textIsSentInTheEncodingThatWasAskedFor(Encoding encoding) throws IOException {
        String text = switch (encoding) {
            case BASE64 -> "//79QQ==";
            case HEX -> "fffefd41";
            default -> "\u00ff\u00fe\u00fdA";
        };
        byte[] expected = encoding == Encoding.UTF8
                ? text.getBytes(UTF_8)
                : new byte[] {(byte) 0xff, (byte) 0xfe, (byte) 0xfd, 'A'};
        Connected connected = wire.connected();
        connected.stream().write(text, encoding);
        connected.stream().end(text, encoding);
        byte[] received = connected.peer().readToEnd();
        byte[] twice = ByteBuffer.allocate(2 * expected.length)
                .put(expected)
                .put(expected)
                .array();
        assertArrayEquals(twice, received);
    }

    @Test
    void textThatIsNotInItsEncodingIsRefusedAndTheStreamUnharmed() throws IOException {
        Connected connected = wire.connected();
        assertThrows(IllegalArgumentException.class, () -> connected.stream().write("abc", Encoding.HEX));
        assertThrows(IllegalArgumentException.class, () -> connected.stream().write("zz", Encoding.HEX));
        assertThrows(IllegalArgumentException.class, () -> connected.stream().write("a!b=", Encoding.BASE64));
        assertThrows(IllegalArgumentException.class, () -> connected.stream().end("zz", Encoding.HEX));
        assertEquals(ReadyState.OPEN, connected.stream().readyState());
        connected.stream().end("fine");
        assertEquals("fine", connected.peer().readTextToEnd());
    }

    @Test
    void nullIsRefusedAndTheStreamUnharmed() throws IOException {
        Connected connected = wire.connected();
        assertThrows(NullPointerException.class, () -> connected.stream().write((String) null));
        assertThrows(NullPointerException.class, () -> connected.stream().write((byte[]) null));
        assertThrows(NullPointerException.class, () -> connected.stream().write((ByteBuffer) null));
        assertThrows(NullPointerException.class, () -> connected.stream().write("x", null));
        assertThrows(NullPointerException.class, () -> connected.stream().end((String) null));
        connected.stream().end("fine");
        assertEquals("fine", connected.peer().readTextToEnd());
    }

    // -- The bound of the queue. --

    @Test
    void writeBehindMoreThanTheBoundEndsTheStreamWithQueueFull() throws IOException {
        Connected connected = wire.connected(options -> options.maxQueuedBytes(1000), SMALL_RECEIVE_BUFFER);
        Stream stream = connected.stream();
        assertFalse(stream.write(new byte[TOO_MUCH]), "one write may be larger than the bound");
        wire.settle();
        assertEquals(ReadyState.OPEN, stream.readyState());
        assertFalse(stream.write("x"));
        assertEquals(ReadyState.CLOSED, stream.readyState());
        connected.events().assertClosedAfter("connect", "error", "close(true)");
        assertEquals(
                Code.QUEUE_FULL,
                assertInstanceOf(NetException.class, connected.events().error()).code());
        assertEquals(0, stream.bufferedBytes());
        assertFalse(stream.write("y"), "a write after the stream was ended for its queue");
    }

    @Test
    void writesUpToTheBoundAreQueued() throws IOException {
        Stream stream = wire.stream(options -> options.maxQueuedBytes(1000));
        Events events = Events.of(scope, stream);
        wire.connect(stream, wire.blackHole());
        for (int i = 0; i < 11; i++) {
            assertFalse(stream.write(new byte[100]));
        }
        assertEquals(1100, stream.bufferedBytes());
        assertEquals(ReadyState.OPENING, stream.readyState());
        assertFalse(stream.write(new byte[1]));
        events.assertClosedAfter("error", "close(true)");
        assertEquals(
                Code.QUEUE_FULL,
                assertInstanceOf(NetException.class, events.error()).code());
    }

    @Test
    void boundOfZeroRefusesAWriteAsSoonAsAnythingIsQueued() throws IOException {
        Stream stream = wire.stream(options -> options.maxQueuedBytes(0));
        Events events = Events.of(scope, stream);
        wire.connect(stream, wire.blackHole());
        assertFalse(stream.write("a"));
        assertEquals(ReadyState.OPENING, stream.readyState());
        assertFalse(stream.write("b"));
        events.assertClosedAfter("error", "close(true)");
    }

    @Test
    void serverOptionsBoundTheQueuesOfItsStreams() throws IOException {
        Accepted accepted = wire.accepted(options -> options.maxQueuedBytes(10), SMALL_RECEIVE_BUFFER);
        assertFalse(accepted.stream().write(new byte[TOO_MUCH]));
        assertFalse(accepted.stream().write("x"));
        accepted.events().assertClosedAfter("connect", "error", "close(true)");
    }

    @Test
    void withoutAnotherBoundItIs16MebiBytes() throws IOException {
        assertEquals(16 << 20, StreamOptions.DEFAULT_MAX_QUEUED_BYTES);
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        byte[] piece = new byte[1 << 20];
        int written = 0;
        while (connected.stream().readyState() == ReadyState.OPEN && written < 100) {
            connected.stream().write(piece);
            written++;
        }
        connected.events().assertClosedAfter("connect", "error", "close(true)");
        assertEquals(
                Code.QUEUE_FULL,
                assertInstanceOf(NetException.class, connected.events().error()).code());
        assertTrue(written >= 18, "only " + written + " MiB were taken");
    }

    // -- When it cannot be sent. --

    @Test
    void writeBeforeConnectWasEverCalledIsRefused() {
        Stream stream = wire.stream();
        assertThrows(IllegalStateException.class, () -> stream.write("x"));
        assertThrows(IllegalStateException.class, () -> stream.write(new byte[1]));
        assertThrows(IllegalStateException.class, () -> stream.write(ByteBuffer.allocate(1)));
    }

    @Test
    void writeAfterOurEndIsRefusedAndTheStreamUnharmed() throws IOException {
        Connected connected = wire.connected();
        connected.stream().end("end");
        assertThrows(IllegalStateException.class, () -> connected.stream().write("x"));
        assertThrows(IllegalStateException.class, () -> connected.stream().write("x", Encoding.ASCII));
        assertThrows(IllegalStateException.class, () -> connected.stream().write(new byte[1]));
        assertThrows(IllegalStateException.class, () -> connected.stream().write(ByteBuffer.allocate(1)));
        assertThrows(IllegalStateException.class, () -> connected.stream().end("more"));
        assertEquals("end", connected.peer().readTextToEnd());
        connected.peer().send("answer").finish();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals("answer", connected.events().text());
    }

    @Test
    void writeAfterOurEndIsRefusedAlsoWhileTheQueueIsBeingSent() throws IOException {
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(new byte[TOO_MUCH]));
        connected.stream().end();
        assertThrows(IllegalStateException.class, () -> connected.stream().write("x"));
        assertEquals(TOO_MUCH, connected.peer().readToEnd().length);
    }

    @Test
    void writeAfterOurEndWhileConnectingIsRefused() throws IOException {
        Stream stream = wire.connect(wire.stream(), wire.blackHole());
        stream.end("end");
        assertThrows(IllegalStateException.class, () -> stream.write("x"));
    }

    @Test
    void writeAfterDestroyIsFalse() throws IOException {
        Connected connected = wire.connected();
        connected.stream().destroy();
        assertFalse(connected.stream().write("x"));
        connected.events().assertClosedAfter("connect", "close(false)");
        assertFalse(connected.stream().write("x"));
        assertFalse(connected.stream().write(ByteBuffer.allocate(1)));
        assertEquals(0, connected.peer().readToCut().length);
    }

    @Test
    void writeAfterThePeersResetIsFalse() throws IOException {
        assumeTrue(wire.hasReset());
        Accepted accepted = wire.accepted();
        accepted.peer().reset();
        accepted.events().assertClosedAfter("connect", "error", "close(true)");
        assertFalse(accepted.stream().write("x"));
        assertFalse(accepted.stream().write(""));
    }

    @Test
    void writeAfterTheStreamHasEndedItselfIsFalse() throws IOException {
        Accepted accepted = wire.accepted();
        accepted.peer().finish();
        accepted.events().assertClosedAfter("connect", "end", "close(false)");
        assertFalse(accepted.stream().write("x"));
    }

    @Test
    void writingToAPeerThatHasClosedFailsWithOneError() throws IOException {
        Accepted accepted = wire.accepted(options -> options.allowHalfOpen(true), 0);
        accepted.peer().close();
        accepted.events().await("end");
        Await.until("a write to a peer that has closed makes the stream close", () -> {
            accepted.stream().write("x");
            return accepted.stream().readyState() == ReadyState.CLOSED;
        });
        accepted.events().assertClosedAfter("connect", "end", "error", "close(true)");
        Code code =
                assertInstanceOf(NetException.class, accepted.events().error()).code();
        // over TLS the peer has said that it will not read, maybe
        boolean told = wire.isSecured() && code == Code.NOT_SECURE;
        assertTrue(told || code == Code.BROKEN_PIPE || code == Code.CONNECTION_RESET, code::toString);
        assertFalse(accepted.stream().write("x"));
    }

    @Test
    void peerThatGoesAwayFromALongQueueMakesOneError() throws IOException {
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(new byte[20 << 20]));
        byte[] unused = connected.peer().read(1000);
        connected.peer().close();
        connected.events().awaitClose();
        assertEquals(1, connected.events().count("error"), connected.events()::toString);
        assertEquals(0, connected.stream().bufferedBytes());
        assertEquals(0, connected.events().count("drain"));
    }

    @Test
    void whatThePeerSaidBeforeItWentAwayIsToldThoughOurWriteFails() throws IOException {
        CountDownLatch inListener = new CountDownLatch(1);
        CountDownLatch gone = new CountDownLatch(1);
        CompletableFuture<Boolean> written = new CompletableFuture<>();
        Accepted accepted = wire.accepted();
        accepted.stream().once(Event.DATA, data -> {
            inListener.countDown();
            Await.latch("the peer has gone", gone);
            // The first write after it has gone may succeed; there is no state to wait for.
            boolean last = true;
            for (int i = 0; i < 1000 && last; i++) {
                last = accepted.stream().write(new byte[10_000]);
            }
            written.complete(last);
        });
        accepted.peer().send("first ");
        Await.latch("data", inListener);
        accepted.peer().send("last words").close();
        gone.countDown();
        assertFalse(Await.value("writes to a peer that has gone", written));
        accepted.events().awaitClose();
        assertEquals("first last words", accepted.events().text());
        assertEquals(1, accepted.events().count("close(true)"), accepted.events()::toString);
    }

    @Test
    void writeOfAnInterruptedThreadIsLikeAnyOther() throws IOException {
        Accepted accepted = wire.accepted();
        Await.returns("a write of an interrupted thread", () -> {
            Thread.currentThread().interrupt();
            accepted.stream().write("a");
            assertTrue(Thread.interrupted(), "the flag stays as it is");
        });
        assertEquals("a", accepted.peer().readText(1));
        accepted.stream().onData(data -> {
            Thread.currentThread().interrupt();
            accepted.stream().write(data);
        });
        for (String text : List.of("b", "c", "d")) {
            accepted.peer().send(text);
            assertEquals(text, accepted.peer().readText(1));
        }
        assertEquals(ReadyState.OPEN, accepted.stream().readyState());
    }

    // -- Much of it. --

    @Test
    void manySmallWritesArriveInOrder() throws IOException {
        Connected connected = wire.connected();
        StringBuilder sent = new StringBuilder();
        for (int i = 0; i < 5000; i++) {
            String piece = i + ",";
            sent.append(piece);
            connected.stream().write(piece);
        }
        connected.stream().end();
        assertEquals(sent.toString(), connected.peer().readTextToEnd());
    }

    @Test
    void writersThatIgnoreFalseLoseNothing() throws IOException {
        byte[] piece = Payload.bytes(8, 160 << 10);
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        int written = 0;
        boolean more = true;
        while (more) {
            more = connected.stream().write(piece);
            written++;
        }
        connected.stream().write(piece);
        connected.stream().end(ByteBuffer.wrap(piece));
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        for (int i = 0; i < written + 2; i++) {
            expected.writeBytes(piece);
        }
        assertEquals(
                Payload.summary(expected.toByteArray()),
                Payload.summary(connected.peer().readToEnd()));
    }

    @Test
    void thousandRoundTripsComeBackUnchanged() {
        int rounds = 1000;
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        Server server = wire.listening(stream -> stream.onData(stream::write));
        Stream client = wire.stream();
        Events events = Events.of(scope, client);
        AtomicInteger round = new AtomicInteger();
        client.onConnect(() -> client.write("PING"));
        client.onData(data -> {
            if (events.size() == 4 * (round.get() + 1)) {
                if (round.incrementAndGet() == rounds) {
                    client.end();
                    done.complete(true);
                } else {
                    client.write("PING");
                }
            }
        });
        client.onError(done::completeExceptionally);
        wire.connect(client, server);
        Await.value(rounds + " round trips", done);
        events.assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals("PING".repeat(rounds), events.text());
    }
}
