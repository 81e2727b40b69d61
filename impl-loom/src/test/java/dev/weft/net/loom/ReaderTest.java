// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.NetException;
import dev.weft.net.ReadyState;
import dev.weft.net.StreamOptions;
import dev.weft.net.loom.FakeTransport.Gate;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reading, with events and on the blocking face, through a stream over a {@link FakeTransport}. */
@ExtendWith(LeakCheck.class)
class ReaderTest {
    private final FakeTransport transport = new FakeTransport();
    private final LoomStream stream = new LoomStream(StreamOptions.defaults());
    private final Journal journal = Journal.of(stream);

    @AfterEach
    void destroy() {
        stream.destroy();
    }

    private void open() {
        stream.accepted(transport);
        transport.awaitReaderParked();
    }

    /** A stream that is being opened, until the gate opens. */
    private Gate connect(LoomStream connecting) {
        SocketAddress remote = transport.remoteAddress();
        Gate connect = transport.holdConnect();
        Hooks.connect(
                connecting, Hooks.dialer(remote, new FakeProvider().at(remote, transport)), StreamOptions.defaults());
        connect.awaitReached("connecting");
        return connect;
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(length).nextBytes(bytes);
        return bytes;
    }

    private static String text(byte[] bytes, int length) {
        return new String(bytes, 0, length, ISO_8859_1);
    }

    // -- With events. --

    @ParameterizedTest
    @ValueSource(ints = {1, 127, 128, 129, 255, 256, 1023, 1024, 1025, 32768, 65535, 65536, 65537, 65664, 200_000})
    void whateverArrivesAtOnceIsDeliveredWhole(int size) {
        open();
        byte[] bytes = random(size);
        transport.arrive(bytes);
        Await.until("all is delivered", () -> journal.size() >= size);
        assertArrayEquals(bytes, journal.bytes());
        assertEquals(size, stream.bytesRead());
    }

    /** A connection that waits holds no more. */
    @Test
    void readThatParksHasASmallBuffer() {
        open();
        transport.arrive("x");
        transport.awaitReaderParked();
        assertEquals(List.of(128), transport.readSizes());
    }

    @Test
    void whatDoesNotFitIsReadWithoutParkingIntoALargeBuffer() {
        open();
        byte[] bytes = random(10_000);
        transport.arrive(bytes);
        Await.until("all is delivered", () -> journal.size() == bytes.length);
        assertEquals(List.of(128, Buffers.SIZE - 128), transport.readSizes());
    }

    @Test
    void smallBufferGrowsToTheMessagesOfTheConnection() {
        open();
        for (int i = 1; i <= 10; i++) {
            int size = i * 1000;
            transport.arrive(random(1000));
            Await.until("the message is delivered", () -> journal.size() == size);
            transport.awaitReaderParked();
        }
        List<Integer> sizes = transport.readSizes();
        assertEquals(1024, sizes.getLast(), sizes::toString);
        assertTrue(sizes.size() < 16, () -> "the last messages need one read each: " + sizes);
    }

    @Test
    void eachBufferBelongsToItsListener() throws Exception {
        CompletableFuture<ByteBuffer> kept = new CompletableFuture<>();
        stream.onData(kept::complete);
        open();
        transport.arrive("first");
        ByteBuffer first = Await.value("the first comes", kept);
        transport.arrive("second");
        Await.until("the second comes", () -> journal.size() == 11);
        assertEquals(5, first.remaining());
        assertFalse(first.isReadOnly());
        assertEquals("first", ISO_8859_1.decode(first.duplicate()).toString());
        first.put(0, (byte) '!');
    }

    @Test
    void endComesAfterTheLastBytes() {
        stream.accepted(transport.arrive(random(5000)).peerEnds());
        journal.awaitClosed("connect", "data", "end", "close(false)");
        assertEquals(5000, journal.size());
    }

    @Test
    void failureComesAfterTheLastBytes() {
        stream.accepted(transport.arrive("last").readFails(new IOException("Connection reset")));
        journal.awaitClosed("connect", "data", "error", "close(true)");
        assertEquals(
                "read fake 127.0.0.1:1111->127.0.0.1:2222: Connection reset",
                journal.error().getMessage());
    }

    @Test
    void interruptedListenerDoesNotEndTheConnection() {
        stream.onData(bytes -> Thread.currentThread().interrupt());
        open();
        transport.arrive("a");
        transport.awaitReaderParked();
        transport.arrive("b");
        journal.awaitText("ab");
    }

    // -- Pause. --

    @Test
    void pauseInATurnStopsReading() throws Exception {
        CountDownLatch paused = new CountDownLatch(1);
        stream.onData(bytes -> {
            stream.pause();
            paused.countDown();
        });
        open();
        transport.arrive("a");
        Await.until("it is paused", paused);
        transport.arrive("b").peerEnds();
        stream.setTimeout(20);
        journal.awaitEvent("timeout"); // time has passed
        assertEquals(1, stream.bytesRead());
        assertEquals("a", journal.text());
        stream.resume();
        Await.until("b is delivered", () -> journal.text().equals("ab"));
    }

    @Test
    void whatIsReadAfterPauseFromOutsideWaitsForResume() {
        open();
        stream.pause();
        transport.arrive("a"); // the reader is in its read already
        Await.until("it is read", () -> stream.bytesRead() == 1);
        transport.arrive("b");
        assertEquals(0, journal.size());
        stream.resume();
        journal.awaitText("ab");
    }

    @Test
    void endWaitsForResume() {
        open();
        stream.pause();
        transport.peerEnds();
        stream.setTimeout(20);
        journal.awaitEvent("timeout");
        assertEquals(List.of("connect", "timeout"), journal.events());
        stream.resume();
        journal.awaitClosed("connect", "timeout", "end", "close(false)");
    }

    @Test
    void pausedStreamIsClosedByDestroy() {
        open();
        stream.pause();
        transport.arrive("never delivered");
        stream.destroy();
        journal.awaitClosed("connect", "close(false)");
    }

    // -- The first bytes of a connection that we opened. --

    @Test
    void firstBytesWaitForAListener() throws Exception {
        LoomStream bare = new LoomStream(StreamOptions.defaults());
        transport.arrive("first");
        Gate gate = connect(bare);
        gate.open();
        Await.until("they are read", () -> bare.bytesRead() == 5);
        CompletableFuture<String> data = new CompletableFuture<>();
        bare.onData(bytes -> data.complete(ISO_8859_1.decode(bytes).toString()));
        try {
            assertEquals("first", Await.value("they are delivered", data));
        } finally {
            bare.destroy();
        }
    }

    @Test
    void programThatWantsNoBytesStillSeesTheEnd() {
        LoomStream bare = new LoomStream(StreamOptions.defaults());
        CountDownLatch ended = new CountDownLatch(1);
        bare.onEnd(ended::countDown);
        transport.arrive("unheard").peerEnds();
        connect(bare).open();
        Await.until("end is told", ended);
        Await.until("it is closed", () -> bare.closed().isDone());
        assertEquals(7, bare.bytesRead());
    }

    // -- The blocking face. --

    @Test
    void blockingReadTakesWhatArrives() throws Exception {
        open();
        InputStream in = stream.inputStream();
        assertSame(in, stream.inputStream());
        CompletableFuture<String> read = Await.start(() -> {
            byte[] bytes = new byte[10];
            return text(bytes, in.read(bytes));
        });
        transport.arrive("hello");
        assertEquals("hello", Await.value("read returns", read));
        assertEquals(0, journal.count("data"));
        assertEquals(5, stream.bytesRead());
    }

    @Test
    void blockingReadsGoStraightToTheTransportOnTheCallersThread() throws Exception {
        open();
        InputStream in = stream.inputStream();
        transport.arrive("a");
        assertEquals('a', in.read());
        Await.until("the reader has ended", () -> LeakCheck.count("weft-reader") == 0);
        transport.arrive(random(1000));
        assertEquals(1000, in.read(new byte[2000]));
        assertEquals(2000, transport.readSizes().getLast());
    }

    @Test
    void whatWasReadAheadIsTakenFirst() throws Exception {
        open();
        stream.pause();
        transport.arrive("ahead");
        Await.until("it is read", () -> stream.bytesRead() == 5);
        InputStream in = stream.inputStream();
        assertEquals(5, in.available());
        assertEquals('a', in.read());
        assertEquals(4, in.available());
        byte[] rest = new byte[10];
        assertEquals("head", text(rest, in.read(rest)));
        assertEquals(0, in.available());
        transport.arrive("more");
        assertEquals("more", text(rest, in.read(rest)));
    }

    @Test
    void blockingReadGivesTheEndAgainAndAgain() throws Exception {
        open();
        InputStream in = stream.inputStream();
        transport.arrive("x").peerEnds();
        assertArrayEquals(new byte[] {'x'}, in.readAllBytes());
        assertEquals(-1, in.read());
        assertEquals(-1, in.read(new byte[5]));
        journal.awaitClosed("connect", "end", "close(false)");
        assertEquals(-1, in.read());
    }

    @Test
    void blockingReadOfNothingIsNothing() throws Exception {
        open();
        assertEquals(0, stream.inputStream().read(new byte[0]));
    }

    @Test
    void failedBlockingReadIsThrownAndTold() {
        open();
        InputStream in = stream.inputStream();
        transport.readFails(new IOException("Connection reset"));
        NetException thrown = assertThrows(NetException.class, in::read);
        assertEquals(NetException.Code.CONNECTION_RESET, thrown.code());
        journal.awaitClosed("connect", "error", "close(true)");
    }

    @Test
    void destroyWakesUpABlockingRead() {
        open();
        InputStream in = stream.inputStream();
        CompletableFuture<Integer> read = Await.start(in::read);
        transport.awaitReaderParked();
        stream.destroy();
        assertThrows(NetException.class, () -> Await.value("read ends", read));
        assertThrows(NetException.class, in::read);
        journal.awaitClosed("connect", "close(false)");
    }

    @Test
    void closingTheInputDoesNothing() throws Exception {
        open();
        InputStream in = stream.inputStream();
        in.close();
        transport.arrive("x");
        assertEquals('x', in.read());
        assertEquals(ReadyState.OPEN, stream.readyState());
    }

    @Test
    void blockingReadInAListenerHoldsItsTurn() throws Exception {
        LoomStream pulled = new LoomStream(StreamOptions.defaults());
        CompletableFuture<String> got = new CompletableFuture<>();
        AtomicInteger data = new AtomicInteger();
        pulled.onData(bytes -> data.incrementAndGet());
        pulled.onConnect(() -> got.complete(new String(pulled.inputStream().readAllBytes(), ISO_8859_1)));
        pulled.accepted(transport.arrive("request").peerEnds());
        assertEquals("request", Await.value("the listener has read", got));
        Await.until("it is closed", () -> pulled.closed().isDone());
        assertEquals(0, data.get());
    }

    /** {@code Net.createConnection(port).inputStream().read()}: as a write does, it waits for the connection. */
    @Test
    void blockingReadWhileConnectingWaitsForTheConnection() throws Exception {
        Gate gate = connect(stream);
        InputStream in = stream.inputStream();
        CompletableFuture<Integer> read = new CompletableFuture<>();
        Thread caller = Thread.ofVirtual().start(() -> {
            try {
                read.complete(in.read());
            } catch (IOException e) {
                read.completeExceptionally(e);
            }
        });
        try {
            Await.until(
                    "it is parked, or has failed", () -> caller.getState() == Thread.State.WAITING || read.isDone());
            assertFalse(read.isDone(), read::toString);
        } finally {
            gate.open();
        }
        transport.arrive("x");
        assertEquals('x', Await.value("read returns", read));
    }

    @Test
    void blockingReadWhileConnectingFailsWithTheConnection() throws Exception {
        transport.refuses(new IOException("Connection timed out"));
        Gate gate = connect(stream);
        CompletableFuture<Integer> read = Await.start(() -> stream.inputStream().read());
        gate.open();
        NetException thrown = assertThrows(NetException.class, () -> Await.value("read ends", read));
        assertTrue(thrown.getMessage().contains("Connection timed out"), thrown::getMessage);
    }
}
