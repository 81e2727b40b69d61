// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
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
import dev.weft.net.Event;
import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** {@code inputStream} and {@code outputStream}: reading and writing that parks, on any thread. */
@OnOneChannel
class BlockingFaceTest extends ContractTest {
    private static final int SMALL_RECEIVE_BUFFER = 16 << 10;
    private static final int TOO_MUCH = 6 << 20;

    /** An accepted stream in pull mode, whose only data listener would be told of what it must not be. */
    private record Pulled(Stream stream, Events events, Peer peer) {}

    private Pulled pulled(boolean allowHalfOpen, int peerReceiveBuffer) throws IOException {
        CompletableFuture<Events> accepted = new CompletableFuture<>();
        Server server = wire.listening(options -> options.allowHalfOpen(allowHalfOpen), stream -> {
            Object unused = stream.inputStream();
            accepted.complete(Events.of(scope, stream));
        });
        Peer peer = wire.dial(server, peerReceiveBuffer);
        Events events = Await.value("connection", accepted).await("connect");
        return new Pulled(events.stream(), events, peer);
    }

    private Pulled pulled() throws IOException {
        return pulled(false, 0);
    }

    // -- Echo. --

    @Test
    void transferToInAConnectionListenerEchoes() throws IOException {
        byte[] payload = Payload.bytes(1, 3 << 20);
        CompletableFuture<Events> accepted = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            accepted.complete(Events.withoutData(scope, stream));
            stream.inputStream().transferTo(stream.outputStream());
        });
        Peer peer = wire.dial(server);
        CompletableFuture<Boolean> sender = Await.start(() -> {
            peer.send(payload).finish();
            return true;
        });
        assertEquals(Payload.summary(payload), Payload.summary(peer.readToEnd()));
        Await.value("the peer has sent", sender);
        Await.value("connection", accepted).assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void serversOfManyConnectionsEchoInTheirListeners() throws IOException {
        assumeTrue(wire.listenersMayBlock(), "each listener holds its thread");
        Server server = wire.listening(stream -> stream.inputStream().transferTo(stream.outputStream()));
        Peer[] peers = new Peer[20];
        for (int i = 0; i < peers.length; i++) {
            peers[i] = wire.dial(server);
        }
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < peers.length; i++) {
                peers[i].send("peer " + i % 10);
            }
            for (int i = 0; i < peers.length; i++) {
                assertEquals("peer " + i % 10, peers[i].readText(6));
            }
        }
        for (Peer peer : peers) {
            peer.finish();
            assertEquals("", peer.readTextToEnd());
        }
        Await.until("the server has no connection", () -> server.connections() == 0);
    }

    @Test
    void transferToOnAPlatformThreadEchoes() throws IOException {
        byte[] payload = Payload.bytes(2, 3 << 20);
        Pulled pulled = pulled();
        CompletableFuture<Long> echo = Await.start(
                () -> pulled.stream().inputStream().transferTo(pulled.stream().outputStream()));
        CompletableFuture<Boolean> sender = Await.start(() -> {
            pulled.peer().send(payload).finish();
            return true;
        });
        assertEquals(Payload.summary(payload), Payload.summary(pulled.peer().readToEnd()));
        assertEquals(payload.length, Await.value("the echo", echo));
        Await.value("the peer has sent", sender);
        pulled.events().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void transferToOnAVirtualThreadEchoes() throws IOException {
        byte[] payload = Payload.bytes(3, 3 << 20);
        Pulled pulled = pulled();
        CompletableFuture<Boolean> sender = Await.start(() -> {
            pulled.peer().send(payload).finish();
            return true;
        });
        CompletableFuture<byte[]> received = Await.start(pulled.peer()::readToEnd);
        long echoed = Await.returnsOnVirtualThread(
                "the echo",
                () -> pulled.stream().inputStream().transferTo(pulled.stream().outputStream()));
        assertEquals(payload.length, echoed);
        Await.value("the peer has sent", sender);
        assertEquals(Payload.summary(payload), Payload.summary(Await.value("the echo arrives", received)));
    }

    @Test
    void clientSpeaksThroughTheBlockingFace() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        InputStream[] in = new InputStream[1];
        Events events = wire.connectAnd(stream, listener, () -> in[0] = stream.inputStream());
        Peer peer = listener.accept();
        events.await("connect");
        OutputStream out = stream.outputStream();
        out.write("question".getBytes(UTF_8));
        assertEquals("question", peer.readText(8));
        peer.send("answer").finish();
        assertEquals("answer", Await.returns("readAllBytes", () -> new String(in[0].readAllBytes(), UTF_8)));
        events.assertClosedAfter("connect", "end", "close(false)");
    }

    /** The thread that reads wakes up before what was queued has been sent. */
    @Test
    void whatIsWrittenBeforeConnectGoesOutAlsoIfAThreadReadsAtOnce() throws IOException {
        Server server = wire.listening(stream -> stream.onData(stream::write));
        for (int round = 0; round < 50; round++) {
            Stream stream = wire.stream();
            stream.setNoDelay();
            stream.setKeepAlive(true, 5000);
            wire.connect(stream, server);
            stream.write("hello");
            InputStream in = stream.inputStream();
            assertEquals("hello", Await.returns("readNBytes", () -> new String(in.readNBytes(5), UTF_8)));
            stream.destroy();
        }
    }

    // -- Reading. --

    @Test
    void readParksUntilSomethingComes() throws IOException {
        Pulled pulled = pulled();
        CountDownLatch reading = new CountDownLatch(1);
        CompletableFuture<Integer> read = Await.start(() -> {
            reading.countDown();
            return pulled.stream().inputStream().read();
        });
        Await.latch("the reader runs", reading);
        wire.settle();
        assertFalse(read.isDone());
        pulled.peer().send(new byte[] {(byte) 0xfe});
        assertEquals(0xfe, Await.value("read", read));
    }

    @Test
    void readsOfAnySizeGiveTheBytesInOrder() throws IOException {
        long seed = 4;
        byte[] payload = Payload.bytes(seed, 300_000);
        Random sizes = new Random(seed);
        Pulled pulled = pulled();
        CompletableFuture<Boolean> sender = Await.start(() -> {
            pulled.peer().send(payload).finish();
            return true;
        });
        byte[] received = Await.returns("reading all", () -> {
            byte[] all = new byte[payload.length];
            int got = 0;
            InputStream in = pulled.stream().inputStream();
            while (got < all.length) {
                int n = in.read(all, got, Math.min(all.length - got, 1 + sizes.nextInt(5000)));
                assertTrue(n > 0, "seed " + seed + ": read gives " + n + " after " + got);
                got += n;
            }
            assertEquals(-1, in.read());
            return all;
        });
        Await.value("the peer has sent", sender);
        assertArrayEquals(payload, received, "seed " + seed);
        assertEquals(payload.length, pulled.stream().bytesRead());
    }

    @Test
    void readAfterThePeersEndIsMinusOneAgainAndAgain() throws IOException {
        Pulled pulled = pulled(true, 0);
        pulled.peer().send("x").finish();
        InputStream in = pulled.stream().inputStream();
        Await.returns("reading to the end", () -> {
            assertEquals('x', in.read());
            assertEquals(-1, in.read());
            assertEquals(-1, in.read());
            assertEquals(-1, in.read(new byte[10]));
        });
        pulled.events().await("end");
        assertEquals(ReadyState.WRITE_ONLY, pulled.stream().readyState());
        pulled.stream().end("bye");
        assertEquals("bye", pulled.peer().readTextToEnd());
        pulled.events().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void readOfNothingIsZero() throws IOException {
        Pulled pulled = pulled();
        assertEquals(0, pulled.stream().inputStream().read(new byte[0]));
        assertEquals(0, pulled.stream().inputStream().read(new byte[5], 5, 0));
    }

    @Test
    void readOutOfBoundsIsRefused() throws IOException {
        Pulled pulled = pulled();
        assertThrows(
                IndexOutOfBoundsException.class,
                () -> pulled.stream().inputStream().read(new byte[5], 3, 3));
    }

    @Test
    void endIsToldOnceTheReaderHasSeenIt() throws IOException {
        Pulled pulled = pulled(true, 0);
        pulled.peer().send("unread").finish();
        wire.settle();
        pulled.events().assertNames("connect");
        assertEquals(
                "unread",
                Await.returns(
                        "readAllBytes",
                        () -> new String(pulled.stream().inputStream().readAllBytes(), UTF_8)));
        pulled.events().await("end").assertNames("connect", "end");
    }

    @Test
    void thereIsNoDataInPullMode() throws IOException {
        Pulled pulled = pulled();
        pulled.peer().send("pulled").finish();
        assertEquals(
                "pulled",
                Await.returns(
                        "readAllBytes",
                        () -> new String(pulled.stream().inputStream().readAllBytes(), UTF_8)));
        pulled.events().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void bytesThatNobodyPullsHoldUpThePeer() throws IOException {
        Pulled pulled = pulled();
        CompletableFuture<Boolean> sender = Await.start(() -> {
            pulled.peer().send(new byte[20 << 20]).finish();
            return true;
        });
        wire.settle();
        assertFalse(sender.isDone());
        assertTrue(pulled.stream().bytesRead() <= 256 << 10);
        assertEquals(
                20 << 20,
                Await.returns(
                        "readAllBytes", () -> pulled.stream().inputStream().readAllBytes().length));
        Await.value("the peer has sent", sender);
    }

    @Test
    void readThrowsWhenThePeerResets() throws IOException {
        assumeTrue(wire.hasReset());
        Pulled pulled = pulled();
        CompletableFuture<Integer> read =
                Await.start(() -> pulled.stream().inputStream().read());
        pulled.peer().reset();
        NetException failure = assertInstanceOf(NetException.class, Await.failure("read", read));
        assertEquals(Code.CONNECTION_RESET, failure.code());
        pulled.events().assertClosedAfter("connect", "error", "close(true)");
        assertThrows(NetException.class, () -> pulled.stream().inputStream().read());
    }

    @Test
    void resetOfAnEchoInAConnectionListenerIsLoggedOnceAtInfo() throws IOException {
        assumeTrue(wire.hasReset());
        Server server = wire.listening(stream -> stream.inputStream().transferTo(stream.outputStream()));
        Peer peer = wire.dial(server).send("x");
        assertEquals("x", peer.readText(1));
        peer.reset();
        scope.awaitLoggedInfo("reset");
        Await.until("the server has no connection", () -> server.connections() == 0);
        assertEquals(List.of(), scope.logged());
    }

    @Test
    void readThrowsWhenTheStreamIsDestroyedMeanwhile() throws IOException {
        Pulled pulled = pulled();
        CountDownLatch reading = new CountDownLatch(1);
        CompletableFuture<Integer> read = Await.start(() -> {
            reading.countDown();
            return pulled.stream().inputStream().read();
        });
        Await.latch("the reader runs", reading);
        wire.settle();
        pulled.stream().destroy();
        assertInstanceOf(NetException.class, Await.failure("read", read));
        pulled.events().assertClosedAfter("connect", "close(false)");
    }

    @Test
    void readThrowsAfterDestroy() throws IOException {
        Pulled pulled = pulled();
        pulled.stream().destroy();
        pulled.events().awaitClose();
        assertThrows(NetException.class, () -> pulled.stream().inputStream().read());
        assertThrows(NetException.class, () -> pulled.stream().outputStream().write(1));
    }

    @Test
    void closingTheInputDoesNothing() throws IOException {
        Pulled pulled = pulled();
        pulled.stream().inputStream().close();
        pulled.peer().send("still");
        assertEquals(
                "still",
                Await.returns(
                        "readNBytes",
                        () -> new String(pulled.stream().inputStream().readNBytes(5), UTF_8)));
        assertEquals(ReadyState.OPEN, pulled.stream().readyState());
    }

    @Test
    void interruptedReaderHasItsStreamDestroyed() throws IOException {
        Pulled pulled = pulled();
        CompletableFuture<Thread> reader = new CompletableFuture<>();
        CompletableFuture<Integer> read = Await.start(() -> {
            reader.complete(Thread.currentThread());
            return pulled.stream().inputStream().read();
        });
        Thread thread = Await.value("the reader runs", reader);
        wire.settle();
        thread.interrupt();
        assertInstanceOf(IOException.class, Await.failure("read", read));
        pulled.events().awaitClose();
        assertEquals("", pulled.peer().readTextToEnd());
    }

    @Test
    void interruptedReaderThatTookOverFromTheEventsHasItsStreamDestroyed() throws IOException {
        Connected connected = wire.connected();
        CompletableFuture<Thread> reader = new CompletableFuture<>();
        CompletableFuture<Integer> read = Await.start(() -> {
            reader.complete(Thread.currentThread());
            return connected.stream().inputStream().read();
        });
        Thread thread = Await.value("the reader runs", reader);
        wire.settle();
        thread.interrupt();
        assertInstanceOf(IOException.class, Await.failure("read", read));
        connected.events().awaitClose();
    }

    // -- Writing. --

    @Test
    void writeParksUntilTheKernelHasTakenAll() throws IOException {
        byte[] payload = Payload.bytes(5, TOO_MUCH);
        Pulled pulled = pulled(false, SMALL_RECEIVE_BUFFER);
        CompletableFuture<Long> write = Await.start(() -> {
            pulled.stream().outputStream().write(payload);
            return pulled.stream().bufferedBytes();
        });
        wire.settle();
        assertFalse(write.isDone(), "a write of more than fits has returned");
        assertEquals(Payload.summary(payload), Payload.summary(pulled.peer().read(payload.length)));
        assertEquals(0, Await.value("write", write));
        assertEquals(payload.length, pulled.stream().bytesWritten());
    }

    @Test
    void writeFollowsWhatIsQueued() throws IOException {
        byte[] payload = Payload.bytes(6, TOO_MUCH);
        Pulled pulled = pulled(false, SMALL_RECEIVE_BUFFER);
        assertFalse(pulled.stream().write(payload));
        CompletableFuture<Boolean> write = Await.start(() -> {
            pulled.stream().outputStream().write("after".getBytes(UTF_8));
            return true;
        });
        assertEquals(Payload.summary(payload), Payload.summary(pulled.peer().read(payload.length)));
        assertEquals("after", pulled.peer().readText(5));
        Await.value("write", write);
    }

    @Test
    void streamWriteAfterABlockingWriteFollowsIt() throws IOException {
        Pulled pulled = pulled();
        OutputStream out = pulled.stream().outputStream();
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            out.write(("a" + i).getBytes(UTF_8));
            pulled.stream().write("b" + i);
            expected.append('a').append(i).append('b').append(i);
        }
        pulled.stream().end();
        assertEquals(expected.toString(), pulled.peer().readTextToEnd());
    }

    @Test
    void singleBytesAndRangesAreWritten() throws IOException {
        Pulled pulled = pulled();
        OutputStream out = pulled.stream().outputStream();
        out.write('a');
        out.write(0x162); // b, as write(int) takes the low byte
        out.write("xxcdxx".getBytes(UTF_8), 2, 2);
        out.write(new byte[0]);
        out.flush();
        assertEquals("abcd", pulled.peer().readText(4));
    }

    @Test
    void closingTheOutputEndsTheStreamAndReadingGoesOn() throws IOException {
        Pulled pulled = pulled();
        OutputStream out = pulled.stream().outputStream();
        out.write("last".getBytes(UTF_8));
        out.close();
        out.close();
        assertEquals(ReadyState.READ_ONLY, pulled.stream().readyState());
        assertEquals("last", pulled.peer().readTextToEnd());
        pulled.peer().send("answer").finish();
        assertEquals(
                "answer",
                Await.returns(
                        "readAllBytes",
                        () -> new String(pulled.stream().inputStream().readAllBytes(), UTF_8)));
        pulled.events().assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void writeAfterEndThrows() throws IOException {
        Pulled pulled = pulled();
        OutputStream out = pulled.stream().outputStream();
        pulled.stream().end();
        assertThrows(NetException.class, () -> out.write(1));
    }

    @Test
    void writeThrowsWhenThePeerResetsMeanwhile() throws IOException {
        assumeTrue(wire.hasReset());
        Pulled pulled = pulled(false, SMALL_RECEIVE_BUFFER);
        CompletableFuture<Boolean> write = Await.start(() -> {
            pulled.stream().outputStream().write(new byte[TOO_MUCH]);
            return true;
        });
        wire.settle();
        pulled.peer().reset();
        assertInstanceOf(NetException.class, Await.failure("write", write));
        pulled.events().assertClosedAfter("connect", "error", "close(true)");
    }

    @Test
    void writeThrowsWhenTheStreamIsDestroyedMeanwhile() throws IOException {
        Pulled pulled = pulled(false, SMALL_RECEIVE_BUFFER);
        CompletableFuture<Boolean> write = Await.start(() -> {
            pulled.stream().outputStream().write(new byte[TOO_MUCH]);
            return true;
        });
        wire.settle();
        pulled.stream().destroy();
        assertInstanceOf(NetException.class, Await.failure("write", write));
        pulled.events().assertClosedAfter("connect", "close(false)");
    }

    @Test
    void interruptedWriterHasItsStreamDestroyed() throws IOException {
        Pulled pulled = pulled(false, SMALL_RECEIVE_BUFFER);
        CompletableFuture<Thread> writer = new CompletableFuture<>();
        CompletableFuture<Boolean> write = Await.start(() -> {
            writer.complete(Thread.currentThread());
            pulled.stream().outputStream().write(new byte[TOO_MUCH]);
            return true;
        });
        Thread thread = Await.value("the writer runs", writer);
        wire.settle();
        thread.interrupt();
        assertInstanceOf(IOException.class, Await.failure("write", write));
        pulled.events().awaitClose();
    }

    @Test
    void interruptedWriterBehindAQueueHasItsStreamDestroyed() throws IOException {
        Pulled pulled = pulled(false, SMALL_RECEIVE_BUFFER);
        assertFalse(pulled.stream().write(new byte[TOO_MUCH]));
        CompletableFuture<Thread> writer = new CompletableFuture<>();
        CompletableFuture<Boolean> write = Await.start(() -> {
            writer.complete(Thread.currentThread());
            pulled.stream().outputStream().write(1);
            return true;
        });
        Thread thread = Await.value("the writer runs", writer);
        wire.settle();
        thread.interrupt();
        assertInstanceOf(IOException.class, Await.failure("write", write));
        pulled.events().awaitClose();
    }

    @Test
    void writeOutOfBoundsIsRefused() throws IOException {
        Pulled pulled = pulled();
        OutputStream out = pulled.stream().outputStream();
        assertThrows(IndexOutOfBoundsException.class, () -> out.write(new byte[5], 3, 3));
        assertThrows(NullPointerException.class, () -> out.write(null, 0, 1));
        out.write('x');
        assertEquals("x", pulled.peer().readText(1));
    }

    @Test
    void readingGoesOnWhileAWriteIsParked() throws IOException {
        Pulled pulled = pulled(false, SMALL_RECEIVE_BUFFER);
        CompletableFuture<Boolean> write = Await.start(() -> {
            pulled.stream().outputStream().write(new byte[TOO_MUCH]);
            return true;
        });
        wire.settle();
        for (int i = 0; i < 10; i++) {
            pulled.peer().send("abc");
            assertEquals(
                    "abc",
                    Await.returns(
                            "readNBytes",
                            () -> new String(pulled.stream().inputStream().readNBytes(3), UTF_8)));
        }
        assertFalse(write.isDone());
        assertEquals(TOO_MUCH, pulled.peer().read(TOO_MUCH).length);
        Await.value("write", write);
    }

    // -- Which, and when. --

    @Test
    void everyCallGivesTheSameObject() throws IOException {
        Pulled pulled = pulled();
        assertSame(pulled.stream().inputStream(), pulled.stream().inputStream());
        assertSame(pulled.stream().outputStream(), pulled.stream().outputStream());
    }

    @Test
    void beforeConnectWasCalledItIsRefused() {
        Stream stream = wire.stream();
        assertThrows(IllegalStateException.class, stream::inputStream);
        assertThrows(IllegalStateException.class, stream::outputStream);
    }

    @Test
    void pullModeAfterDataListenersGetsWhatFollows() throws IOException {
        Accepted accepted = wire.accepted();
        CompletableFuture<InputStream> pulled = new CompletableFuture<>();
        accepted.stream()
                .once(Event.DATA, data -> pulled.complete(accepted.stream().inputStream()));
        accepted.peer().send("head");
        InputStream in = Await.value("data", pulled);
        accepted.events().awaitText("head");
        accepted.peer().send("body").finish();
        assertEquals("body", Await.returns("readAllBytes", () -> new String(in.readAllBytes(), UTF_8)));
        assertEquals("head", accepted.events().text());
        accepted.events().assertClosedAfter("connect", "data", "end", "close(false)");
    }

    @Test
    void pullModeStartedFromAnotherThreadLosesNothing() throws IOException {
        for (int round = 0; round < 20; round++) {
            byte[] payload = Payload.bytes(round, 100_000);
            Connected connected = wire.connected();
            CompletableFuture<Boolean> sender = Await.start(() -> {
                connected.peer().send(payload).finish();
                return true;
            });
            byte[] rest = Await.returns(
                    "readAllBytes", () -> connected.stream().inputStream().readAllBytes());
            connected.events().awaitClose();
            byte[] all = new byte[payload.length];
            byte[] head = connected.events().bytes();
            assertEquals(payload.length, head.length + rest.length, "seed " + round);
            System.arraycopy(head, 0, all, 0, head.length);
            System.arraycopy(rest, 0, all, head.length, rest.length);
            assertArrayEquals(payload, all, "seed " + round);
            Await.value("the peer has sent", sender);
        }
    }

    @Test
    void pullModeAfterPauseGetsWhatWasHeldBack() throws IOException {
        Connected connected = wire.connected();
        connected.stream().pause();
        connected.peer().send("held back ");
        wire.settle();
        InputStream in = connected.stream().inputStream();
        connected.peer().send("and more").finish();
        assertEquals("held back and more", Await.returns("readAllBytes", () -> new String(in.readAllBytes(), UTF_8)));
        assertEquals("", connected.events().text());
    }

    @Test
    void eachConnectionHasAFaceOfItsOwn() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        List<InputStream> faces = Collections.synchronizedList(new ArrayList<>());
        stream.onConnect(() -> faces.add(stream.inputStream()));
        Events events = Events.of(scope, stream);
        wire.connect(stream, listener);
        Peer unused = listener.accept();
        events.await("connect");
        stream.destroy();
        events.await("close(false)");
        wire.connect(stream, listener);
        Peer peer = listener.accept().send("new");
        events.await("connect", 2);
        assertThrows(NetException.class, () -> faces.get(0).read());
        assertEquals(
                "new", Await.returns("readNBytes", () -> new String(faces.get(1).readNBytes(3), UTF_8)));
        stream.outputStream().write('!');
        assertEquals("!", peer.readText(1));
    }

    @Test
    void outputStreamAloneLeavesDataEventsAlone() throws IOException {
        Accepted accepted = wire.accepted();
        accepted.stream().outputStream().write("out".getBytes(UTF_8));
        assertEquals("out", accepted.peer().readText(3));
        accepted.peer().send("in");
        accepted.events().awaitText("in");
    }

    @Test
    void timeoutIsToldInPullMode() throws IOException {
        Connected connected = wire.connected();
        InputStream in = connected.stream().inputStream();
        connected.stream().setTimeout(30);
        connected.events().await("timeout");
        connected.peer().send("x");
        assertEquals('x', Await.returns("read", () -> in.read()));
        connected.events().await("timeout", 2);
    }

    @Test
    void closeInPullModeSendsWhatIsQueuedAndLetsGo() throws IOException {
        byte[] payload = Payload.bytes(7, TOO_MUCH);
        Pulled pulled = pulled(false, SMALL_RECEIVE_BUFFER);
        assertFalse(pulled.stream().write(payload));
        pulled.stream().close();
        assertEquals(Payload.summary(payload), Payload.summary(pulled.peer().readToEnd()));
        pulled.events().assertClosedAfter("connect", "close(false)");
    }

    // -- Several threads on one face. --

    @Test
    void writesOfSeveralThreadsDoNotMixAndAllReturn() throws IOException {
        Pulled pulled = pulled(false, SMALL_RECEIVE_BUFFER);
        int writers = 4;
        int writes = 60;
        int length = 10_000;
        List<CompletableFuture<Boolean>> done = new ArrayList<>();
        for (int i = 0; i < writers; i++) {
            byte[] bytes = String.valueOf((char) ('a' + i)).repeat(length).getBytes(UTF_8);
            done.add(Await.start(() -> {
                for (int j = 0; j < writes; j++) {
                    pulled.stream().outputStream().write(bytes);
                }
                return true;
            }));
        }
        for (int i = 0; i < writers * writes; i++) {
            String one = pulled.peer().readText(length);
            assertEquals(one.substring(0, 1).repeat(length), one, "write number " + i);
        }
        done.forEach(writer -> Await.value("a writer returns", writer));
        pulled.stream().close();
        pulled.events().awaitClose();
    }

    @Test
    void readsOfSeveralThreadsShareWhatComesAndAllSeeTheEnd() throws IOException {
        Pulled pulled = pulled();
        byte[] payload = Payload.bytes(5, 1 << 20);
        List<CompletableFuture<Long>> readers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            readers.add(Await.start(() -> {
                byte[] some = new byte[5000];
                long sum = 0;
                for (int n = 0; n >= 0; n = pulled.stream().inputStream().read(some)) {
                    sum += n;
                }
                return sum;
            }));
        }
        pulled.peer().send(payload).finish();
        long total = 0;
        for (CompletableFuture<Long> reader : readers) {
            total += Await.value("a reader sees the end", reader);
        }
        assertEquals(payload.length, total);
        pulled.events().awaitClose();
    }
}
