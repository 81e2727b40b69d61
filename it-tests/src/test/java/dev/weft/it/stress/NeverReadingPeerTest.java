// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.LeakCheck;
import dev.weft.net.Net;
import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A peer that takes nothing: it costs a bounded queue, and nobody who writes, waits or closes hangs because of it. */
@ExtendWith(LeakCheck.class)
@Tag("single-carrier")
class NeverReadingPeerTest {
    private static final int CHUNK = Fountain.CHUNK;

    /** More than the buffers of two kernels take. */
    private static final int MUCH = 64 << 20;

    /** On which thread something is done. */
    enum Where {
        FOREIGN_THREAD {
            @Override
            void run(Stream stream, int port, Runnable task) {
                Wait.result("connect", stream.connect(port).connected());
                Thread.ofPlatform().daemon().start(task);
            }
        },
        LISTENER {
            @Override
            void run(Stream stream, int port, Runnable task) {
                stream.onConnect(task::run);
                stream.connect(port);
            }
        };

        /** Connects, and does something then. */
        abstract void run(Stream stream, int port, Runnable task);
    }

    private static <T> T call(Where where, String what, Stream stream, int port, Callable<T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        where.run(stream, port, () -> {
            try {
                result.complete(task.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        return Wait.result(() -> what + " of " + stream, result);
    }

    /** Writes so much that some of it stays queued: a peer's kernel and ours hold less. */
    private static boolean fill(Stream stream) {
        return stream.write(new byte[MUCH]);
    }

    @ParameterizedTest
    @EnumSource
    void writeReturnsFalseAndDoesNotWait(Where where) throws IOException {
        try (DeafPeer peer = DeafPeer.listen();
                Stream stream = Net.createStream(StreamOptions.defaults().maxQueuedBytes(Long.MAX_VALUE))) {
            Recorder recorder = Recorder.of(stream);
            long written = call(where, "the end of the writes", stream, peer.port(), () -> {
                long bytes = 0;
                for (; bytes < MUCH; bytes += CHUNK) {
                    stream.write(new byte[CHUNK]);
                }
                assertFalse(stream.write("one more"), "written at once to a full connection");
                return bytes + 8;
            });
            assertEquals(written, stream.bytesWritten());
            assertTrue(stream.bufferedBytes() > 0, "nothing is queued");
            stream.destroy();
            recorder.awaitClose();
            assertEquals(List.of("connect", "close false"), recorder.events());
        }
    }

    @ParameterizedTest
    @EnumSource
    void destroyDropsWhatIsQueued(Where where) throws IOException {
        try (DeafPeer peer = DeafPeer.listen();
                Stream stream = Net.createStream()) {
            Recorder recorder = Recorder.of(stream);
            call(where, "destroy", stream, peer.port(), () -> {
                fill(stream);
                stream.destroy();
                return null;
            });
            recorder.awaitClose();
            assertEquals(0, stream.bufferedBytes());
            assertEquals(ReadyState.CLOSED, stream.readyState());
            assertFalse(stream.write("late"), "written to a destroyed stream");
            assertFalse(recorder.events().contains("error"), recorder::toString);
        }
    }

    @ParameterizedTest
    @EnumSource
    void timeoutIsToldThoughMuchIsQueued(Where where) throws IOException {
        try (DeafPeer peer = DeafPeer.listen();
                Stream stream = Net.createStream()) {
            Recorder recorder = Recorder.of(stream);
            call(where, "the end of the writes", stream, peer.port(), () -> fill(stream));
            stream.setTimeout(30);
            recorder.await("timeout");
            assertEquals(ReadyState.OPEN, stream.readyState());
            assertTrue(stream.bufferedBytes() > 0, "nothing is queued");
            stream.destroy();
            recorder.awaitClose();
            assertEquals(List.of("connect", "timeout", "close false"), recorder.events());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFullQueueDestroysTheStream(Where where) throws IOException {
        long bound = 1 << 20;
        try (DeafPeer peer = DeafPeer.listen();
                Stream stream = Net.createStream(StreamOptions.defaults().maxQueuedBytes(bound))) {
            Recorder recorder = Recorder.of(stream);
            long most = call(where, "the end of the writes", stream, peer.port(), () -> {
                long queued = 0;
                for (long bytes = 0; bytes < MUCH && stream.readyState() != ReadyState.CLOSED; bytes += CHUNK) {
                    stream.write(new byte[CHUNK]);
                    queued = Math.max(queued, stream.bufferedBytes());
                }
                return queued;
            });
            recorder.awaitClose();
            assertEquals(Code.QUEUE_FULL, recorder.errorCode(), recorder::toString);
            assertEquals("close true", recorder.events().getLast());
            assertTrue(most > bound && most <= bound + CHUNK, () -> most + " bytes were queued");
            assertEquals(0, stream.bufferedBytes());
        }
    }

    @Test
    void serverCloseIsToldWhenTheStuckStreamsAreDestroyed() throws IOException {
        AtomicReference<Stream> accepted = new AtomicReference<>();
        CountDownLatch full = new CountDownLatch(1);
        Server server = Net.createServer(stream -> {
            accepted.set(stream);
            fill(stream);
            full.countDown();
        });
        try (DeafPeer peer = DeafPeer.connect(Pair.port(server.listen(0, "127.0.0.1")), 1)) {
            Wait.latch("the stream is full", full);
            server.close();
            assertEquals(peer.count(), server.connections());
            assertFalse(server.closed().isDone(), "the server closed before its stream");
            accepted.get().destroy();
            Wait.result("close of the server", server.closed());
            assertEquals(0, server.connections());
        } finally {
            server.close();
        }
    }

    @Test
    void closeWaitsForThePeerUntilDestroy() throws IOException {
        Stream stream = Net.createStream();
        try (DeafPeer peer = DeafPeer.listen()) {
            Recorder recorder = Recorder.of(stream);
            call(Where.FOREIGN_THREAD, "the end of the writes", stream, peer.port(), () -> fill(stream));
            stream.close();
            assertTrue(stream.bufferedBytes() > 0, "nothing is queued");
            assertFalse(recorder.events().contains("close false"), recorder::toString);
            stream.destroy();
            recorder.awaitClose();
            assertEquals(List.of("connect", "close false"), recorder.events());
        }
    }

    @ParameterizedTest
    @EnumSource
    void destroyWakesABlockedWriter(Where where) throws IOException {
        destroyWakesABlockedWriter(where, false);
    }

    @ParameterizedTest
    @EnumSource
    void destroyWakesABlockedWriterThatWaitsForTheQueue(Where where) throws IOException {
        destroyWakesABlockedWriter(where, true);
    }

    private static void destroyWakesABlockedWriter(Where where, boolean behindQueue) throws IOException {
        try (DeafPeer peer = DeafPeer.listen();
                Stream stream = Net.createStream()) {
            Recorder recorder = Recorder.of(stream);
            CompletableFuture<Throwable> thrown = new CompletableFuture<>();
            CompletableFuture<Thread> writing = new CompletableFuture<>();
            where.run(stream, peer.port(), () -> {
                if (behindQueue) {
                    fill(stream);
                }
                writing.complete(Thread.currentThread());
                thrown.complete(writeMuch(stream));
            });
            Thread writer = Wait.result("the thread writes", writing);
            Wait.until("the writer is blocked", () -> isBlockedInWrite(writer));
            assertFalse(thrown.isDone(), "the writer was not blocked");
            stream.destroy();
            assertInstanceOf(NetException.class, Wait.result("the writer is woken", thrown));
            recorder.awaitClose();
            assertFalse(recorder.events().contains("error"), recorder::toString);
        }
    }

    private static Throwable writeMuch(Stream stream) {
        try {
            stream.outputStream().write(new byte[MUCH]);
            return new AssertionError("the write returned as if the peer's kernel had taken everything");
        } catch (Throwable e) {
            return e;
        }
    }

    /** A virtual thread parks; a platform thread is in the JDK's poll, or parks when another one writes for it. */
    private static boolean isBlockedInWrite(Thread thread) {
        StackTraceElement[] stack = thread.getStackTrace();
        return stack.length > 0 && List.of("park", "poll", "parkNanos").contains(stack[0].getMethodName());
    }

    @Test
    void manyOfThemFitIntoASmallHeap() throws IOException {
        int peers = 64;
        try (Child child = Child.java(Fountain.class, List.of("-Xmx48m"))) {
            int port = Integer.parseInt(child.expect("listening"));
            try (DeafPeer deaf = DeafPeer.connect(port, peers);
                    Socket reading = new Socket(InetAddress.getLoopbackAddress(), port)) {
                child.tell("await " + (deaf.count() + 1));
                child.expect("connected");
                reading.setSoTimeout((int) Wait.LIMIT.toMillis());
                InputStream input = reading.getInputStream();
                assertEquals(32 << 20, input.readNBytes(32 << 20).length, child::toString);
                child.tell("queued");
                long queued = Long.parseLong(child.expect("queued"));
                assertTrue(queued <= CHUNK, () -> "a stream had queued " + queued);
                child.tell("destroy");
                child.expect("closed");
            }
            assertEquals("", child.errors());
        }
    }
}
