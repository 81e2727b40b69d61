// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.NetException;
import dev.weft.net.ReadyState;
import dev.weft.net.StreamOptions;
import dev.weft.net.loom.FakeTransport.Gate;
import dev.weft.net.loom.FakeTransport.Taken;
import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every arrow of the diagram in {@link WritePath}, through a stream over a {@link FakeTransport}: the honest way in, since
 * who may write depends on what the {@link Reader} does. Bytes that arrive are turns: each is answered with one action.
 */
@ExtendWith(LeakCheck.class)
class WritePathTest {
    private static final String READER = "weft-reader";
    private static final String WRITER = "weft-writer";

    private final FakeTransport transport = new FakeTransport();
    private final Queue<Runnable> turns = new ConcurrentLinkedQueue<>();
    private LoomStream stream;
    private Journal journal;

    @AfterEach
    void destroy() {
        if (stream != null) {
            stream.destroy();
        }
    }

    private void create(StreamOptions options) {
        stream = new LoomStream(options);
        journal = Journal.of(stream);
        stream.onData(bytes -> {
            Runnable action = turns.poll();
            if (action != null) {
                action.run();
            }
        });
    }

    /** An accepted stream, whose reader is parked. */
    private void open() {
        open(StreamOptions.defaults());
    }

    private void open(StreamOptions options) {
        create(options);
        stream.accepted(transport);
        transport.awaitReaderParked();
        Hooks.tryNoReads(stream);
    }

    /** A stream that is being opened, until the gate opens. */
    private Gate connect() {
        SocketAddress remote = transport.remoteAddress();
        Gate connect = transport.holdConnect();
        Hooks.connect(stream, Hooks.dialer(remote, new FakeProvider().at(remote, transport)), StreamOptions.defaults());
        connect.awaitReached("connecting");
        return connect;
    }

    /** Begins a turn in which something is done, and tells what came of it. The turn may not be over yet. */
    private <T> CompletableFuture<T> turn(Callable<T> action) {
        CompletableFuture<T> result = new CompletableFuture<>();
        turns.add(() -> {
            try {
                result.complete(action.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        transport.arrive(".");
        return result;
    }

    private void beginTurn(Callable<?> action) {
        CompletableFuture<?> unused = turn(action);
    }

    private <T> T inTurn(Callable<T> action) throws Exception {
        return Await.value("the turn's action returns", turn(action));
    }

    /** Two turns never share a read, so the next one begins only when the reader has come back. */
    private void awaitParked() {
        transport.awaitReaderParked();
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(ISO_8859_1));
    }

    private static String text(int length) {
        StringBuilder text = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + i % 26));
        }
        return text.toString();
    }

    /** Makes the kernel full, with a writer parked in it, while the reader is parked too. */
    private void fill() {
        transport.room(0);
        assertFalse(stream.write("f"));
        transport.awaitWriterParked();
    }

    // -- CONNECTING. --

    /** CONNECTING, opened() to IDLE, and write() on to FLUSHING. */
    @Test
    void whatIsWrittenWhileConnectingIsQueuedAndGoesOutWithConnect() throws Exception {
        create(StreamOptions.defaults());
        Gate connect = connect();
        assertFalse(stream.write("he"));
        assertFalse(stream.write("llo"));
        assertEquals(5, stream.bufferedBytes());
        assertEquals(ReadyState.OPENING, stream.readyState());
        connect.open();
        transport.awaitText("hello");
        journal.awaitEvent("drain");
        assertEquals("connect", journal.events().getFirst());
        assertEquals(
                Set.of(READER),
                transport.writes().stream().map(Taken::thread).collect(Collectors.toSet()),
                "opening is a turn");
    }

    @Test
    void endWhileConnectingSendsFinAfterWhatIsQueued() throws Exception {
        create(StreamOptions.defaults());
        Gate connect = connect();
        stream.end("bye");
        assertEquals(ReadyState.OPENING, stream.readyState());
        connect.open();
        transport.awaitFin();
        assertEquals("bye", transport.text());
        Await.until("the stream is readOnly", () -> stream.readyState() == ReadyState.READ_ONLY);
        transport.peerEnds();
        Await.until("close is told", () -> journal.events().contains("close(false)"));
    }

    @Test
    void blockingWriteWhileConnectingReturnsWhenItsBytesAreOut() throws Exception {
        create(StreamOptions.defaults());
        Gate connect = connect();
        OutputStream out = stream.outputStream();
        CompletableFuture<String> written = Await.start(() -> {
            out.write(bytes("hello").array());
            return transport.text();
        });
        Await.until("it is queued", () -> stream.bufferedBytes() == 5);
        assertFalse(written.isDone());
        connect.open();
        assertEquals("hello", Await.value("the write returns", written));
    }

    // -- TURN. --

    /** IDLE, write() (reader away) to FLUSHING, back to TURN. */
    @Test
    void writeInATurnIsWithTheKernelWhenItReturnsTrue() throws Exception {
        open();
        List<Object> seen = inTurn(() -> List.of(stream.write("hello"), transport.text(), stream.bufferedBytes()));
        assertEquals(List.of(true, "hello", 0L), seen);
        assertEquals(List.of(new Taken(5, false, READER)), transport.writes());
        awaitParked();
        assertEquals(0, journal.count("drain"), "no false, no drain");
        assertEquals(0, LeakCheck.count(WRITER), "and no writer thread");
    }

    @Test
    void turnSwitchesTheModeOnceHoweverManyWritesItHas() throws Exception {
        open();
        inTurn(() -> stream.write("a") && stream.write("b") && stream.write("c"));
        awaitParked();
        assertEquals(List.of("nonBlocking", "blocking"), transport.log());
        inTurn(() -> stream.write("d"));
        awaitParked();
        assertEquals(List.of("nonBlocking", "blocking", "nonBlocking", "blocking"), transport.log());
    }

    @Test
    void turnWithoutAWriteLeavesTheModeAlone() throws Exception {
        open();
        inTurn(() -> null);
        awaitParked();
        assertEquals(List.of(), transport.log());
    }

    @Test
    void writeInThePartsTheTransportTakesIsStillTrue() throws Exception {
        open();
        transport.mostPerWrite(3);
        assertTrue(inTurn(() -> stream.write(text(10))));
        assertEquals(text(10), transport.text());
        assertEquals(4, transport.writes().size());
    }

    @Test
    void writesInTheConnectListenerAreATurnToo() throws Exception {
        create(StreamOptions.defaults());
        CompletableFuture<Boolean> written = new CompletableFuture<>();
        stream.onConnect(() -> written.complete(stream.write("hello")));
        stream.accepted(transport);
        assertTrue(Await.value("connect is told", written));
        assertEquals(List.of(new Taken(5, false, READER)), transport.writes());
    }

    // -- IDLE with the reader parked. --

    /** IDLE, write() (reader not away) to WRITER, all written to IDLE. */
    @Test
    void writeWhileTheReaderIsParkedIsLeftToTheWriterThread() {
        open();
        assertFalse(stream.write("hello"));
        journal.awaitEvent("drain");
        assertEquals("hello", transport.text());
        assertEquals(List.of(new Taken(5, true, WRITER)), transport.writes());
        assertEquals(List.of(), transport.log(), "the mode cannot be changed while the reader is in its read");
        assertEquals(0, stream.bufferedBytes());
        assertEquals(5, stream.bytesWritten());
    }

    @Test
    void afterTheWriterThreadIsDoneATurnWritesOnTheSpotAgain() throws Exception {
        open();
        assertFalse(stream.write("a"));
        journal.awaitEvent("drain");
        assertTrue(inTurn(() -> stream.write("b")));
        assertEquals(List.of(new Taken(1, true, WRITER), new Taken(1, false, READER)), transport.writes());
    }

    @Test
    void sameWriterThreadServesFurtherBursts() {
        open();
        for (int i = 1; i <= 20; i++) {
            assertFalse(stream.write("x"));
            journal.awaitCount("drain", i);
        }
        // The one that was in the drain listener may be spare when the next burst comes, but there are never more than
        // two.
        assertTrue(LeakCheck.count(WRITER) <= 2, () -> LeakCheck.count(WRITER) + " writer threads");
    }

    @Test
    void writerThreadGoesAwayAfterAQuietWhileAndANewOneComesWhenNeeded() {
        open();
        assertFalse(stream.write("a"));
        journal.awaitEvent("drain");
        Await.until("the writer thread has gone", () -> LeakCheck.count(WRITER) == 0);
        assertFalse(stream.write("b"));
        journal.awaitCount("drain", 2);
        assertEquals("ab", transport.text());
    }

    @Test
    void queuedBuffersAreGathered() {
        open();
        fill();
        for (int i = 0; i < 100; i++) {
            assertFalse(stream.write(text(7)));
        }
        transport.moreRoom(Long.MAX_VALUE / 2);
        journal.awaitEvent("drain");
        assertEquals("f" + text(7).repeat(100), transport.text());
        assertTrue(transport.writes().size() <= 8, () -> "sixteen at a time: " + transport.writes());
    }

    // -- The kernel is full. --

    /** FLUSHING, kernel full, to WRITER. */
    @Test
    void whatTheKernelDoesNotTakeInATurnGoesToTheWriterThread() throws Exception {
        open();
        transport.room(3);
        List<Object> seen = inTurn(() -> List.of(stream.write("hello"), transport.text(), stream.bufferedBytes()));
        assertEquals(List.of(false, "hel", 2L), seen);
        transport.awaitWriterParked();
        awaitParked();
        assertTrue(transport.isBlocking());
        assertEquals(0, journal.count("drain"));
        transport.moreRoom(100);
        journal.awaitEvent("drain");
        assertEquals("hello", transport.text());
        assertEquals(List.of(new Taken(3, false, READER), new Taken(2, true, WRITER)), transport.writes());
    }

    /** A peer that reads as fast as we write would otherwise keep such a listener, and its carrier, for ever. */
    @Test
    void turnThatWritesForAsLongAsItMayComesToItsEnd() throws Exception {
        open();
        byte[] chunk = new byte[64 << 10];
        int written = inTurn(() -> {
            int count = 1;
            while (stream.write(chunk)) {
                count++;
            }
            return count;
        });
        assertEquals((4 << 20) / chunk.length + 1, written);
        journal.awaitEvent("drain");
        assertEquals((long) written * chunk.length, transport.text().length());
        assertTrue(inTurn(() -> stream.write("next")), "the next turn has its own");
    }

    @Test
    void fullKernelTakesNothingOnTheSpot() throws Exception {
        open();
        transport.room(0);
        assertFalse(inTurn(() -> stream.write("hello")));
        assertEquals(5, stream.bufferedBytes());
        transport.moreRoom(100);
        journal.awaitEvent("drain");
        assertEquals("hello", transport.text());
    }

    @Test
    void furtherWritesQueueBehindTheRemainderAndDrainComesOnce() throws Exception {
        open();
        transport.room(1);
        inTurn(() -> stream.write("ab") || stream.write("cd") || stream.write("ef"));
        awaitParked();
        assertFalse(inTurn(() -> stream.write("gh")), "a later turn finds them still queued");
        awaitParked();
        assertFalse(stream.write("ij"));
        assertEquals(9, stream.bufferedBytes());
        assertEquals(10, stream.bytesWritten());
        for (int i = 0; i < 9; i++) {
            assertEquals(0, journal.count("drain"));
            int size = i + 2;
            transport.moreRoom(1);
            Await.until("another byte is taken", () -> transport.size() == size);
        }
        journal.awaitEvent("drain");
        assertEquals("abcdefghij", transport.text());
        awaitParked();
        assertEquals(1, journal.count("drain"));
    }

    @Test
    void drainComesOncePerEpisode() throws Exception {
        open();
        for (int episode = 1; episode <= 5; episode++) {
            transport.room(1);
            assertFalse(inTurn(() -> stream.write("ab") || stream.write("cd")));
            awaitParked();
            transport.moreRoom(100);
            journal.awaitCount("drain", episode);
            assertTrue(inTurn(() -> stream.write("e")));
            awaitParked();
        }
        assertEquals("abcde".repeat(5), transport.text());
    }

    @Test
    void bytesThatTheTransportHoldsCountAsNotTaken() throws Exception {
        open();
        transport.holding().room(2);
        assertFalse(inTurn(() -> stream.write("hello")), "write has taken all, but flush could not hand it over");
        transport.awaitWriterParked();
        awaitParked();
        assertEquals(0, journal.count("drain"));
        transport.moreRoom(2);
        assertEquals(0, journal.count("drain"));
        transport.moreRoom(1);
        journal.awaitEvent("drain");
        assertTrue(inTurn(() -> {
            transport.moreRoom(100);
            return stream.write("x");
        }));
    }

    @Test
    void finWaitsForWhatTheTransportHolds() throws Exception {
        open();
        transport.holding().room(2);
        inTurn(() -> stream.end("hello"));
        transport.awaitWriterParked();
        assertFalse(transport.hasFin());
        transport.moreRoom(100);
        transport.awaitFin();
    }

    // -- What belongs to the caller. --

    enum Kind {
        HEAP,
        DIRECT,
        READ_ONLY,
        SLICE
    }

    private static ByteBuffer buffer(Kind kind, String text) {
        byte[] padded = ("<<" + text + ">>").getBytes(ISO_8859_1);
        ByteBuffer buffer = switch (kind) {
            case HEAP -> ByteBuffer.wrap(padded);
            case DIRECT -> ByteBuffer.allocateDirect(padded.length).put(padded);
            case READ_ONLY -> ByteBuffer.wrap(padded).asReadOnlyBuffer();
            case SLICE ->
                ByteBuffer.wrap(("??" + new String(padded, ISO_8859_1)).getBytes(ISO_8859_1))
                        .position(2)
                        .slice();
        };
        return buffer.limit(text.length() + 2).position(2);
    }

    @ParameterizedTest
    @EnumSource
    void positionAndLimitStayAsTheyAre(Kind kind) throws Exception {
        open();
        ByteBuffer taken = buffer(kind, "taken");
        assertTrue(inTurn(() -> stream.write(taken)));
        awaitParked();
        ByteBuffer left = buffer(kind, "left to the writer");
        assertFalse(stream.write(left));
        journal.awaitEvent("drain");
        transport.room(3);
        ByteBuffer halved = buffer(kind, "halved");
        assertFalse(inTurn(() -> stream.write(halved)));
        ByteBuffer queued = buffer(kind, "queued");
        assertFalse(stream.write(queued));
        transport.moreRoom(100);
        journal.awaitCount("drain", 2);
        assertEquals("takenleft to the writerhalvedqueued", transport.text());
        for (ByteBuffer buffer : List.of(taken, left, halved, queued)) {
            assertEquals(2, buffer.position());
        }
        assertEquals(List.of(7, 20, 8, 8), List.of(taken.limit(), left.limit(), halved.limit(), queued.limit()));
    }

    @Test
    void callerMayMoveItsBuffersPositionAfterFalse() throws Exception {
        open();
        transport.room(2);
        ByteBuffer buffer = bytes("hello");
        assertFalse(inTurn(() -> stream.write(buffer)));
        buffer.position(5).limit(5);
        transport.moreRoom(100);
        journal.awaitEvent("drain");
        assertEquals("hello", transport.text());
    }

    @Test
    void emptyWriteIsTrueWhenNothingIsQueued() throws Exception {
        open();
        assertTrue(stream.write(""));
        assertTrue(inTurn(() -> stream.write(new byte[0])));
        assertEquals(List.of(), transport.writes());
    }

    @Test
    void emptyWriteIsFalseWhileBytesAreQueuedAndDrainFollows() {
        open();
        fill();
        assertFalse(stream.write(""));
        transport.moreRoom(1);
        journal.awaitEvent("drain");
    }

    /** Whoever got a false waits for drain. */
    @Test
    void emptyWriteThatFindsOnlyTheBlockingFacesBytesQueuedIsTrueOrDrainFollows() throws Exception {
        open();
        Gate gate = transport.holdNextWrite();
        OutputStream out = stream.outputStream();
        CompletableFuture<Boolean> first = turn(() -> stream.write("a"));
        gate.awaitReached("the turn's write");
        CompletableFuture<Boolean> second = Await.start(() -> {
            out.write('b');
            return true;
        });
        Await.until("the blocking write is queued", () -> stream.bufferedBytes() == 1);
        boolean taken = stream.write("");
        gate.open();
        Await.value("the turn's write returns", first);
        Await.value("the blocking write returns", second);
        if (!taken) {
            journal.awaitEvent("drain");
        }
    }

    // -- Several threads. --

    /** IDLE and TURN are for everyone: the listener blocks, and does not hold up the others. */
    @Test
    void foreignWriteDuringATurnGoesOutWhileTheListenerBlocks() throws Exception {
        open();
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<Void> turn = turn(() -> {
            begun.countDown();
            Await.until("the listener may go", go);
            return null;
        });
        Await.until("the listener is called", begun);
        assertTrue(stream.write("from "));
        assertEquals("from ", transport.text());
        assertTrue(stream.write("outside"));
        assertEquals("from outside", transport.text());
        Set<String> threads = transport.writes().stream().map(Taken::thread).collect(Collectors.toSet());
        assertEquals(Set.of(Thread.currentThread().getName()), threads);
        go.countDown();
        Await.value("the turn is over", turn);
        awaitParked();
        assertEquals(List.of("nonBlocking", "blocking"), transport.log());
    }

    /** FLUSHING: what others write meanwhile is queued, and the one who flushes takes it along. */
    @Test
    void writeDuringAnothersWriteIsQueuedAndTakenAlong() throws Exception {
        open();
        Gate gate = transport.holdNextWrite();
        CompletableFuture<Boolean> turn = turn(() -> stream.write("first "));
        gate.awaitReached("the turn's write");
        assertFalse(stream.write("second "));
        assertFalse(stream.write("third"));
        assertEquals(12, stream.bufferedBytes());
        gate.open();
        assertTrue(Await.value("the turn's write returns", turn), "its own bytes are with the kernel");
        journal.awaitEvent("drain");
        assertEquals("first second third", transport.text());
        assertEquals(
                Set.of(READER), transport.writes().stream().map(Taken::thread).collect(Collectors.toSet()));
    }

    /** FLUSHING, beforeRead() to SETTLING, and on to IDLE. */
    @Test
    void readerWaitsForAForeignWriteBeforeItReads() throws Exception {
        open();
        Gate gate = transport.holdNextWrite();
        CompletableFuture<Thread> reader = new CompletableFuture<>();
        CompletableFuture<Boolean> foreign = new CompletableFuture<>();
        beginTurn(() -> {
            Thread.ofVirtual().start(() -> foreign.complete(stream.write("hello")));
            gate.awaitReached("the foreign write");
            return reader.complete(Thread.currentThread());
        });
        Thread waiting = Await.value("the turn is over", reader);
        Await.parked("the reader", waiting);
        assertFalse(transport.isBlocking(), "the write must not park, so the reader cannot read yet");
        gate.open();
        assertTrue(Await.value("the foreign write returns", foreign));
        awaitParked();
        assertTrue(transport.isBlocking());
        assertTrue(inTurn(() -> stream.write("!")), "and everything goes on");
    }

    /** SETTLING, kernel full, to WRITER. */
    @Test
    void readerReadsOnWhenAForeignWriteFindsTheKernelFull() throws Exception {
        open();
        transport.room(3);
        Gate gate = transport.holdNextWrite();
        CompletableFuture<Thread> reader = new CompletableFuture<>();
        CompletableFuture<Boolean> foreign = new CompletableFuture<>();
        beginTurn(() -> {
            Thread.ofVirtual().start(() -> foreign.complete(stream.write("hello")));
            gate.awaitReached("the foreign write");
            return reader.complete(Thread.currentThread());
        });
        Await.parked("the reader", Await.value("the turn is over", reader));
        gate.open();
        assertFalse(Await.value("the foreign write returns", foreign));
        transport.awaitWriterParked();
        awaitParked();
        assertFalse(inTurn(() -> stream.write("!")), "it reads, delivers, and writes queue up");
        transport.moreRoom(100);
        journal.awaitEvent("drain");
        assertEquals("hello!", transport.text());
    }

    /** SETTLING, the write fails: the last words have still arrived. */
    @Test
    void readerReadsOnAfterAForeignWriteFailsWhichItHasWaitedFor() throws Exception {
        open();
        transport.failAfter(0);
        Gate gate = transport.holdNextWrite();
        CompletableFuture<Thread> reader = new CompletableFuture<>();
        CompletableFuture<Boolean> foreign = new CompletableFuture<>();
        beginTurn(() -> {
            Thread.ofVirtual().start(() -> foreign.complete(stream.write("hello")));
            gate.awaitReached("the foreign write");
            return reader.complete(Thread.currentThread());
        });
        Await.parked("the reader", Await.value("the turn is over", reader));
        transport.arrive("last words").peerEnds();
        gate.open();
        assertFalse(Await.value("the foreign write returns", foreign));
        journal.awaitClosed("connect", "data", "error", "close(true)");
        assertEquals(".last words", journal.text());
    }

    /** SETTLING, FIN sent, to FINISHED. */
    @Test
    void readerReadsOnAfterAForeignEndWhichItHasWaitedFor() throws Exception {
        open();
        Gate gate = transport.holdFin();
        CompletableFuture<Thread> reader = new CompletableFuture<>();
        beginTurn(() -> {
            Thread.ofVirtual().start(stream::end);
            gate.awaitReached("the foreign FIN");
            return reader.complete(Thread.currentThread());
        });
        Await.parked("the reader", Await.value("the turn is over", reader));
        gate.open();
        transport.awaitFin();
        awaitParked();
        assertTrue(transport.isBlocking());
        transport.arrive("still here");
        Await.until("it still receives", () -> journal.text().equals(".still here"));
        assertEquals(ReadyState.READ_ONLY, stream.readyState());
    }

    @Test
    void readerGetsItsTurnHoweverBusyTheWritersAre() throws Exception {
        open();
        transport.discarding();
        AtomicBoolean stop = new AtomicBoolean();
        List<Thread> writers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            writers.add(Thread.ofPlatform().start(() -> {
                while (!stop.get()) {
                    if (!stream.write("x")) {
                        // Enough is queued: or the bound would be reached.
                        while (stream.bufferedBytes() > 1000 && !stop.get()) {
                            LockSupport.parkNanos(1000);
                        }
                    }
                }
            }));
        }
        try {
            for (int i = 1; i <= 200; i++) {
                int size = i;
                transport.arrive("r");
                Await.until(
                        "byte " + i + " is read",
                        () -> journal.size() == size || stream.readyState() != ReadyState.OPEN);
                assertEquals(size, journal.size(), () -> stream + ": " + journal.error());
            }
        } finally {
            stop.set(true);
            for (Thread writer : writers) {
                Await.ended("a writer", writer);
            }
        }
    }

    /** Each call's bytes together, each thread's calls in their order; the whole way round through every state. */
    @Test
    void severalThreadsWritesKeepTheirOrderAndStayInOnePiece() throws Exception {
        open();
        int threads = 6;
        int calls = 500;
        transport.mostPerWrite(13);
        AtomicBoolean stop = new AtomicBoolean();
        CompletableFuture<Void> turns = Await.start(() -> {
            while (!stop.get()) {
                transport.arrive(".");
                awaitParked();
            }
            return null;
        });
        List<CompletableFuture<Void>> writers = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            char name = (char) ('A' + t);
            writers.add(Await.start(() -> {
                for (int i = 0; i < calls; i++) {
                    stream.write(name + ":" + i + ":" + text(i % 40) + ";");
                }
                return null;
            }));
        }
        for (CompletableFuture<Void> writer : writers) {
            Await.value("a writer is done", writer);
        }
        stop.set(true);
        Await.value("the turns are over", turns);
        Await.until("nothing is queued", () -> stream.bufferedBytes() == 0);
        int[] next = new int[threads];
        for (String call : transport.text().split(";", 0)) {
            String[] parts = call.split(":", -1);
            int thread = parts[0].charAt(0) - 'A';
            assertEquals(String.valueOf(next[thread]), parts[1]);
            assertEquals(text(next[thread] % 40), parts[2]);
            next[thread]++;
        }
        for (int calledOften : next) {
            assertEquals(calls, calledOften);
        }
    }

    /** A turn's read that does not park holds writers off, and takes along what they have queued. */
    @Test
    void writeDuringAReadThatDoesNotParkIsTakenAlong() throws Exception {
        open();
        Gate gate = transport.holdNextTryRead();
        transport.arrive(text(500)); // more than the small buffer, so the rest is read without parking
        gate.awaitReached("the read that does not park");
        assertFalse(stream.write("hello"));
        assertEquals(5, stream.bufferedBytes());
        gate.open();
        journal.awaitEvent("drain");
        assertEquals("hello", transport.text());
        assertEquals(List.of(new Taken(5, false, READER)), transport.writes());
        Await.until("all is read", () -> journal.text().equals(text(500)));
    }

    // -- Drain listeners. --

    @Test
    void writesInADrainListenerGoOn() {
        create(StreamOptions.defaults());
        AtomicInteger left = new AtomicInteger(20);
        stream.onDrain(() -> {
            while (left.get() > 0 && stream.write("x")) {
                left.decrementAndGet();
            }
            left.decrementAndGet();
        });
        stream.accepted(transport);
        awaitParked();
        assertFalse(stream.write("x"));
        Await.until("all is written", () -> transport.size() == 21);
        journal.awaitCount("drain", 21);
    }

    @Test
    void blockedDrainListenerDoesNotHoldUpTheQueue() throws Exception {
        create(StreamOptions.defaults());
        CountDownLatch inDrain = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        stream.onDrain(() -> {
            inDrain.countDown();
            Await.until("the drain listener may go", go);
        });
        stream.accepted(transport);
        awaitParked();
        assertFalse(stream.write("a"));
        Await.until("drain is told", inDrain);
        assertFalse(stream.write("b"));
        transport.awaitText("ab");
        assertFalse(stream.write("c"));
        transport.awaitText("abc");
        go.countDown();
        journal.awaitCount("drain", 3);
    }

    /** "drain follows every false exactly once, also after end()" (DECISIONS.md): here close was on its way already. */
    @Test
    void drainIsToldAlsoIfItIsTheLastThingBeforeClose() throws Exception {
        create(StreamOptions.defaults());
        CompletableFuture<Boolean> inEnd = new CompletableFuture<>();
        stream.onEnd(() -> {
            transport.room(0);
            inEnd.complete(stream.write("goodbye"));
            stream.end();
            transport.awaitWriterParked();
            transport.moreRoom(100);
            Await.until("the connection has closed", transport::isClosed);
        });
        stream.accepted(transport.peerEnds());
        assertFalse(Await.value("end is told", inEnd));
        journal.awaitClosed("connect", "end", "drain", "close(false)");
        assertEquals("goodbye", transport.text());
    }

    // -- FIN. --

    /** FLUSHING, FIN sent, to FINISHED. */
    @Test
    void endInATurnSendsFinOnTheSpot() throws Exception {
        open();
        List<Object> seen = inTurn(() -> {
            stream.write("bye");
            stream.end();
            return List.of(transport.text(), transport.hasFin(), stream.readyState());
        });
        assertEquals(List.of("bye", true, ReadyState.READ_ONLY), seen);
        awaitParked();
        assertEquals(List.of("nonBlocking", "finishOutput", "FIN", "blocking"), transport.log());
    }

    /** WRITER, FIN sent, to FINISHED. */
    @Test
    void endWhileTheReaderIsParkedSendsFinFromTheWriterThread() {
        open();
        stream.end();
        transport.awaitFin();
        assertEquals(List.of("finishOutput", "FIN"), transport.log());
        assertEquals(ReadyState.READ_ONLY, stream.readyState());
    }

    @Test
    void finFollowsWhatIsQueued() {
        open();
        fill();
        stream.write("bye");
        stream.end();
        assertFalse(transport.hasFin());
        transport.moreRoom(3);
        Await.until("part of it is taken", () -> transport.text().equals("fby"));
        assertFalse(transport.hasFin());
        transport.moreRoom(3);
        transport.awaitFin();
        assertEquals("fbye", transport.text());
        journal.awaitEvent("drain");
    }

    @Test
    void endDuringAnothersWriteIsTakenAlong() throws Exception {
        open();
        Gate gate = transport.holdNextWrite();
        CompletableFuture<Boolean> turn = turn(() -> stream.write("bye"));
        gate.awaitReached("the turn's write");
        stream.end();
        assertFalse(transport.hasFin());
        gate.open();
        assertTrue(Await.value("the turn's write returns", turn));
        transport.awaitFin();
        assertEquals("bye", transport.text());
    }

    @Test
    void endTwiceSendsOneFin() throws Exception {
        open();
        inTurn(stream::end);
        inTurn(stream::end);
        stream.end();
        transport.peerEnds();
        journal.awaitClosed("connect", "data", "end", "close(false)");
        assertEquals(1, transport.log().stream().filter("FIN"::equals).count());
    }

    @Test
    void writeAfterOurEndThrowsAndWritesNothing() throws Exception {
        open();
        inTurn(stream::end);
        assertThrows(IllegalStateException.class, () -> stream.write("late"));
        assertEquals("", transport.text());
        assertEquals(0, stream.bytesWritten());
    }

    @Test
    void writeAfterThePeersEndHasEndedUsIsFalse() throws Exception {
        create(StreamOptions.defaults());
        CompletableFuture<Boolean> inEnd = new CompletableFuture<>();
        stream.onEnd(() -> inEnd.complete(stream.write("goodbye")));
        stream.accepted(transport.peerEnds());
        assertTrue(Await.value("end is told", inEnd), "in the end listener writes still go");
        journal.awaitClosed("connect", "end", "close(false)");
        assertFalse(stream.write("late"));
        assertEquals("goodbye", transport.text());
    }

    /** After our end nothing can be written, so nothing keeps the reader from reading as much as there is. */
    @Test
    void readsAreAsLargeAfterOurEndAsBefore() throws Exception {
        open();
        byte[] much = new byte[1 << 20];
        transport.arrive(much);
        Await.until("all is read", () -> journal.size() == much.length);
        awaitParked();
        int before = transport.readSizes().size();
        inTurn(stream::end);
        awaitParked();
        transport.arrive(much);
        Await.until("all is read again", () -> journal.size() == 2 * much.length + 1);
        int after = transport.readSizes().size() - before - 1;
        assertTrue(after <= 2 * before, () -> "1 MiB took " + before + " reads before end() and " + after + " after");
    }

    // -- The blocking face. --

    @Test
    void blockingWriteInATurnParksUntilAllIsTaken() throws Exception {
        open();
        OutputStream out = stream.outputStream();
        transport.room(3);
        CompletableFuture<String> written = turn(() -> {
            out.write(bytes("hello").array());
            return transport.text();
        });
        transport.awaitWriterParked();
        assertFalse(written.isDone());
        assertTrue(transport.isBlocking());
        transport.moreRoom(100);
        assertEquals("hello", Await.value("the write returns", written));
        assertEquals(List.of(new Taken(3, true, READER), new Taken(2, true, READER)), transport.writes());
        assertEquals(0, journal.count("drain"), "no false, no drain");
    }

    @Test
    void blockingWriteAfterAWriteInTheSameTurnSwitchesBack() throws Exception {
        open();
        OutputStream out = stream.outputStream();
        inTurn(() -> {
            stream.write("a");
            out.write('b');
            stream.write("c");
            return null;
        });
        awaitParked();
        assertEquals("abc", transport.text());
        assertEquals(
                List.of(new Taken(1, false, READER), new Taken(1, true, READER), new Taken(1, false, READER)),
                transport.writes());
    }

    @Test
    void blockingWriteWhileTheReaderIsParkedIsDoneOnTheCallersThread() throws Exception {
        open();
        OutputStream out = stream.outputStream();
        out.write(bytes("hello").array());
        assertEquals("hello", transport.text());
        assertEquals(List.of(new Taken(5, true, Thread.currentThread().getName())), transport.writes());
        assertEquals(0, LeakCheck.count(WRITER));
    }

    @Test
    void blockingWriteComesAfterWhatIsQueued() throws Exception {
        open();
        fill();
        stream.write("queued ");
        OutputStream out = stream.outputStream();
        CompletableFuture<String> written = Await.start(() -> {
            out.write(bytes("blocking").array());
            return transport.text();
        });
        Await.until("it is queued too", () -> stream.bufferedBytes() == 16);
        assertFalse(written.isDone());
        transport.moreRoom(15);
        Await.until("all but its last byte is taken", () -> transport.size() == 15);
        assertFalse(written.isDone());
        transport.moreRoom(1);
        assertEquals("fqueued blocking", Await.value("the write returns", written));
    }

    @Test
    void writesDuringABlockingWriteQueueUpAndFollowIt() throws Exception {
        open();
        transport.room(2);
        OutputStream out = stream.outputStream();
        CompletableFuture<Void> written = Await.start(() -> {
            out.write(bytes("blocking").array());
            return null;
        });
        transport.awaitWriterParked();
        assertFalse(stream.write(" queued"));
        assertFalse(inTurn(() -> stream.write(" too")));
        transport.moreRoom(100);
        Await.value("the write returns", written);
        journal.awaitEvent("drain");
        assertEquals("blocking queued too", transport.text());
    }

    @Test
    void endDuringABlockingWriteSendsFinAfterIt() throws Exception {
        open();
        transport.room(2);
        OutputStream out = stream.outputStream();
        CompletableFuture<Void> written = Await.start(() -> {
            out.write(bytes("blocking").array());
            return null;
        });
        transport.awaitWriterParked();
        stream.end();
        transport.moreRoom(100);
        Await.value("the write returns", written);
        transport.awaitFin();
        assertEquals("blocking", transport.text());
    }

    @Test
    void blockingWriteAfterEndThrows() throws Exception {
        open();
        OutputStream out = stream.outputStream();
        out.close();
        transport.awaitFin();
        assertTrue(assertThrows(NetException.class, () -> out.write('x'))
                .getMessage()
                .endsWith("the stream was ended"));
    }

    /** Its bytes are not all with the kernel, and the program must know. */
    @Test
    void destroyWakesUpABlockingWriteThatIsInTheTransport() throws Exception {
        open();
        transport.room(2);
        OutputStream out = stream.outputStream();
        CompletableFuture<Void> written = Await.start(() -> {
            out.write(bytes("blocking").array());
            return null;
        });
        transport.awaitWriterParked();
        stream.destroy();
        assertThrows(NetException.class, () -> Await.value("the write ends", written));
        journal.awaitClosed("connect", "close(false)");
    }

    @Test
    void destroyWakesUpABlockingWriteThatIsQueued() throws Exception {
        open();
        fill();
        OutputStream out = stream.outputStream();
        CompletableFuture<Void> written = Await.start(() -> {
            out.write(bytes("blocking").array());
            return null;
        });
        Await.until("it is queued", () -> stream.bufferedBytes() == 9);
        stream.destroy();
        assertThrows(NetException.class, () -> Await.value("the write ends", written));
    }

    /** After true, and when the blocking face returns, the bytes are the caller's again: so it writes over them at once. */
    @Test
    void blockingWriteReturnsOnlyWhenItsBytesAreTakenHoweverMuchIsQueuedBesides() throws Exception {
        open();
        transport.mostPerWrite(64);
        AtomicBoolean stop = new AtomicBoolean();
        List<CompletableFuture<Void>> others = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            others.add(Await.start(() -> {
                while (!stop.get()) {
                    if (stream.bufferedBytes() < 10_000) {
                        stream.write(".".repeat(100));
                    } else {
                        LockSupport.parkNanos(1);
                    }
                }
                return null;
            }));
        }
        OutputStream out = stream.outputStream();
        byte[] mine = new byte[150];
        try {
            for (int i = 0; i < 2000; i++) {
                java.util.Arrays.fill(mine, (byte) 'm');
                out.write(mine);
                java.util.Arrays.fill(mine, (byte) '!');
            }
        } finally {
            stop.set(true);
            for (CompletableFuture<Void> other : others) {
                Await.value("another writer is done", other);
            }
        }
        Await.until("nothing is queued", () -> stream.bufferedBytes() == 0);
        assertFalse(transport.text().contains("!"), "a blocking write has returned too early");
    }

    // -- Close. --

    @Test
    void destroyWakesUpTheWriterThreadInTheTransport() {
        open();
        fill();
        stream.destroy();
        journal.awaitClosed("connect", "close(false)");
        assertEquals(0, stream.bufferedBytes());
        assertEquals(1, stream.bytesWritten());
    }

    @Test
    void destroyWakesUpTheWriterThreadThatWaitsForWork() {
        open();
        assertFalse(stream.write("a"));
        journal.awaitEvent("drain");
        stream.destroy();
        Await.until("the writer thread has gone", () -> LeakCheck.count(WRITER) == 0);
    }

    @Test
    void destroyWakesUpAReaderThatWaitsForAForeignWrite() throws Exception {
        open();
        Gate gate = transport.holdNextWrite();
        CompletableFuture<Thread> reader = new CompletableFuture<>();
        beginTurn(() -> {
            Thread.ofVirtual().start(() -> stream.write("hello"));
            gate.awaitReached("the foreign write");
            return reader.complete(Thread.currentThread());
        });
        Thread waiting = Await.value("the turn is over", reader);
        Await.parked("the reader", waiting);
        stream.destroy();
        try {
            Await.ended("the reader", waiting);
        } finally {
            gate.open();
        }
        journal.awaitClosed("connect", "data", "close(false)");
    }

    /** Between the end of the write path and the close of the transport, a writer is still parked in its write. */
    @Test
    void readerDoesNotTouchTheModeWhileAWriterIsOnItsWayOut() {
        open();
        fill();
        Gate close = transport.holdClose();
        Thread destroyer = Thread.ofVirtual().start(stream::destroy);
        close.awaitReached("the transport is being closed");
        transport.arrive(text(500)); // more than the small buffer, so the reader would read the rest without parking
        Await.until("the reader has ended", () -> LeakCheck.count(READER) == 0);
        close.open();
        Await.ended("destroy", destroyer);
        assertEquals(List.of("close"), transport.log());
    }

    @Test
    void destroyInATurnMakesFurtherWritesFalse() throws Exception {
        open();
        assertFalse(inTurn(() -> {
            stream.destroy();
            return stream.write("late");
        }));
        journal.awaitClosed("connect", "data", "close(false)");
        assertEquals("", transport.text());
    }

    @Test
    void resetResetsTheTransport() {
        open();
        stream.reset();
        journal.awaitClosed("connect", "close(false)");
        assertTrue(transport.isReset());
        assertFalse(transport.hasFin());
    }

    @Test
    void closeSendsWhatIsQueuedThenFinAndLetsGo() {
        open();
        fill();
        stream.write("bye");
        stream.close();
        assertFalse(transport.isClosed());
        transport.moreRoom(100);
        Await.until("close is told", () -> journal.events().contains("close(false)"));
        assertEquals("fbye", transport.text());
        assertEquals(List.of("finishOutput", "FIN", "close"), transport.log());
    }

    // -- Failures. --

    @Test
    void failedWriteInATurnIsToldAfterWhatHasArrived() throws Exception {
        open();
        transport.failAfter(3);
        assertFalse(inTurn(() -> {
            boolean taken = stream.write("hello");
            transport.arrive("last words").peerEnds();
            return taken;
        }));
        journal.awaitClosed("connect", "data", "error", "close(true)");
        assertEquals(".last words", journal.text());
        NetException error = assertInstanceOf(NetException.class, journal.error());
        assertEquals(NetException.Code.BROKEN_PIPE, error.code());
        assertEquals("write fake 127.0.0.1:1111->127.0.0.1:2222: Broken pipe", error.getMessage());
    }

    @Test
    void failedWriteOnTheWriterThreadIsToldEvenIfThePeerSaysNothing() {
        open();
        transport.failAfter(3);
        assertFalse(stream.write("hello"));
        journal.awaitClosed("connect", "error", "close(true)");
    }

    @Test
    void failedWriteOfAPausedStreamIsToldAtOnce() throws Exception {
        open();
        inTurn(stream::pause);
        transport.failAfter(3);
        assertFalse(stream.write("hello"));
        journal.awaitClosed("connect", "data", "error", "close(true)");
    }

    @Test
    void failedWriteOnTheBlockingFaceIsThrownAndTold() throws Exception {
        open();
        transport.failAfter(3);
        OutputStream out = stream.outputStream();
        NetException thrown =
                assertThrows(NetException.class, () -> out.write(bytes("hello").array()));
        assertEquals(NetException.Code.BROKEN_PIPE, thrown.code());
        journal.awaitClosed("connect", "error", "close(true)");
        assertSame(thrown, journal.error());
    }

    @Test
    void writesAfterAFailedOneAreFalse() {
        open();
        transport.failAfter(0);
        assertFalse(stream.write("hello"));
        journal.awaitClosed("connect", "error", "close(true)");
        assertFalse(stream.write("more"));
        assertNotEquals(0, stream.bytesWritten(), "kept after close");
    }

    // -- The bound. --

    @Test
    void writeThatFindsMoreThanTheBoundQueuedEndsTheStream() {
        open(StreamOptions.defaults().maxQueuedBytes(10));
        fill();
        assertFalse(stream.write(text(9)));
        assertEquals(10, stream.bufferedBytes());
        assertFalse(stream.write(text(5)), "10 are not more than the bound");
        assertEquals(15, stream.bufferedBytes());
        assertFalse(stream.write("x"));
        journal.awaitClosed("connect", "error", "close(true)");
        NetException error = assertInstanceOf(NetException.class, journal.error());
        assertEquals(NetException.Code.QUEUE_FULL, error.code());
        assertTrue(
                error.getMessage().contains("15 bytes are queued already, more than maxQueuedBytes 10 allows, and 1"),
                error.getMessage());
        assertEquals("", transport.text());
    }

    @Test
    void oneWriteMayBeLargerThanTheBound() {
        open(StreamOptions.defaults().maxQueuedBytes(10));
        transport.room(0);
        assertFalse(stream.write(text(1000)));
        transport.moreRoom(1000);
        journal.awaitEvent("drain");
        assertEquals(text(1000), transport.text());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1})
    void boundOfZeroRefusesAsSoonAsAnythingIsQueued(long bound) {
        open(StreamOptions.defaults().maxQueuedBytes(bound));
        fill();
        assertFalse(stream.write("x"));
        if (bound == 1) {
            assertEquals(2, stream.bufferedBytes());
            assertFalse(stream.write("x"));
        }
        journal.awaitClosed("connect", "error", "close(true)");
    }

    @Test
    void boundDoesNotCountWhatTheKernelHasTaken() throws Exception {
        open(StreamOptions.defaults().maxQueuedBytes(0));
        for (int i = 0; i < 100; i++) {
            assertTrue(inTurn(() -> stream.write(text(100))));
            awaitParked();
        }
        assertEquals(10_000, transport.size());
    }

    // -- Threads. --

    @Test
    void allOfOneStreamsTurnsAreOnItsReader() throws Exception {
        open();
        Set<Thread> threads = new HashSet<>();
        for (int i = 0; i < 10; i++) {
            threads.add(inTurn(Thread::currentThread));
            awaitParked();
        }
        assertEquals(1, threads.size());
        assertEquals(READER, threads.iterator().next().getName());
    }

    @Test
    void usersExecutorWritesOnTheSpotToo() throws Exception {
        open(StreamOptions.defaults()
                .dispatcher(task -> Thread.ofVirtual().name("user").start(task)));
        assertTrue(inTurn(() -> stream.write("hello")));
        assertEquals(List.of(new Taken(5, false, "user")), transport.writes());
    }

    @Test
    void failingReadIsToldOnce() throws IOException {
        open();
        transport.readFails(new IOException("Connection reset"));
        journal.awaitClosed("connect", "error", "close(true)");
        assertArrayEquals(new byte[0], transport.taken());
    }
}
