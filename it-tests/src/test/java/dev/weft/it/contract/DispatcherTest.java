// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.Events;
import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.Payload;
import dev.weft.it.support.Peer;
import dev.weft.it.support.PeerListener;
import dev.weft.it.support.TestScope;
import dev.weft.it.support.Transports;
import dev.weft.it.support.Wire;
import dev.weft.it.support.Wire.Pair;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Where events are told: on threads of the streams' own, which may block, or on any executor. */
@ExtendWith(LeakCheck.class)
@Tag("single-carrier")
class DispatcherTest {
    private TestScope scope;
    private Wire wire;

    @BeforeEach
    void openTransport(TestScope scope) {
        this.scope = scope;
        this.wire = Transports.TCP4.open(scope);
    }

    private Pair pair(Executor executor) {
        return wire.pair(options -> options.dispatcher(executor), options -> options.dispatcher(executor));
    }

    // -- Their own threads. --

    @Test
    void listenerThatBlocksHoldsUpItsOwnStreamOnly() throws IOException {
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch blocked = new CountDownLatch(1);
        Server server = wire.listening(stream -> stream.onData(data -> {
            if (data.get(data.position()) == '!') {
                blocked.countDown();
                Await.latch("release", release);
            }
            stream.write(data);
        }));
        Peer first = wire.dial(server).send("!");
        Await.latch("the listener blocks", blocked);
        Peer second = wire.dial(server).send("second");
        assertEquals("second", second.readText(6));
        assertFalse(first.hasInput());
        release.countDown();
        assertEquals("!", first.readText(1));
    }

    @Test
    void connectionListenersOfDifferentStreamsRunInParallel() throws IOException {
        CountDownLatch both = new CountDownLatch(2);
        Server server = wire.listening(stream -> {
            both.countDown();
            Await.latch("both connection listeners run", both);
            stream.end("met");
        });
        Peer first = wire.dial(server);
        Peer second = wire.dial(server);
        assertEquals("met", first.readTextToEnd());
        assertEquals("met", second.readTextToEnd());
    }

    @Test
    void listenerThatBlocksHasItsPeerHeldUp() throws IOException {
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch blocked = new CountDownLatch(1);
        CompletableFuture<Stream> accepted = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            accepted.complete(stream);
            stream.onData(data -> {
                blocked.countDown();
                Await.latch("release", release);
            });
        });
        byte[] payload = new byte[20 << 20];
        Peer peer = wire.dial(server);
        CompletableFuture<Boolean> sender = Await.start(() -> {
            peer.send(payload).finish();
            return true;
        });
        Await.latch("the listener blocks", blocked);
        wire.settle();
        Stream stream = Await.value("connection", accepted);
        assertTrue(stream.bytesRead() <= 256 << 10, () -> "read " + stream.bytesRead() + " while the listener blocks");
        release.countDown();
        Await.value("the peer has sent", sender);
        Await.until("all is read", () -> stream.bytesRead() == payload.length);
    }

    @Test
    void writeFromAnotherThreadWhileAListenerBlocksReachesThePeer() throws IOException {
        CountDownLatch release = new CountDownLatch(1);
        CompletableFuture<Stream> blocked = new CompletableFuture<>();
        Server server = wire.listening(stream -> stream.onData(data -> {
            blocked.complete(stream);
            Await.latch("release", release);
        }));
        Peer peer = wire.dial(server).send("x");
        Stream stream = Await.value("the listener blocks", blocked);
        stream.write("from outside");
        assertEquals("from outside", peer.readText(12));
        byte[] payload = Payload.bytes(1, 6 << 20);
        stream.write(payload);
        assertEquals(Payload.summary(payload), Payload.summary(peer.read(payload.length)));
        release.countDown();
    }

    // -- Executors. --

    @Test
    void poolOfManyThreadsKeepsOrderAndOneAtATime() {
        byte[] payload = Payload.bytes(2, 4 << 20);
        Pair pair = pair(scope.executor(4));
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger overlaps = new AtomicInteger();
        pair.server().onData(data -> {
            if (inside.incrementAndGet() != 1) {
                overlaps.incrementAndGet();
            }
            pair.server().write(data);
            inside.decrementAndGet();
        });
        pair.client().write(payload);
        pair.client().end();
        pair.clientEvents().assertClosedAfter("connect", "data", "end", "close(false)");
        pair.serverEvents().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(
                Payload.summary(payload), Payload.summary(pair.clientEvents().bytes()));
        assertEquals(0, overlaps.get());
        assertFalse(pair.clientEvents().threadOf("data").isVirtual());
    }

    @Test
    void executorThatRunsItsTasksInTheCallerWorks() {
        byte[] payload = Payload.bytes(3, 1 << 20);
        Pair pair = pair(Runnable::run);
        pair.server().onData(pair.server()::write);
        pair.client().write(payload);
        pair.client().end();
        pair.clientEvents().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(
                Payload.summary(payload), Payload.summary(pair.clientEvents().bytes()));
    }

    @Test
    void virtualThreadPerTaskExecutorWorks() {
        byte[] payload = Payload.bytes(4, 1 << 20);
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
        scope.addLast(executor);
        Pair pair = pair(executor);
        pair.server().onData(pair.server()::write);
        pair.client().write(payload);
        pair.client().end();
        pair.clientEvents().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(
                Payload.summary(payload), Payload.summary(pair.clientEvents().bytes()));
    }

    @Test
    void serverEventsAreToldOnTheExecutorToo() {
        Queue<String> threads = new ConcurrentLinkedQueue<>();
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        ExecutorService one = scope.executor(1);
        Server server = wire.server(
                options -> options.dispatcher(one),
                stream -> threads.add(Thread.currentThread().getName()));
        server.onListening(() -> threads.add(Thread.currentThread().getName()));
        server.onClose(() -> {
            threads.add(Thread.currentThread().getName());
            closed.complete(true);
        });
        Events events = wire.clientEvents(wire.listen(server));
        Stream client = events.stream();
        events.await("connect");
        Await.until(
                "the server has a connection", () -> threads.contains("test-executor") && server.connections() == 1);
        client.destroy();
        server.close();
        Await.value("close", closed);
        assertEquals("[test-executor, test-executor, test-executor]", threads.toString());
    }

    @Test
    void slowExecutorHasThePeerHeldUpAndLosesNothing() throws IOException {
        byte[] payload = Payload.bytes(5, 20 << 20);
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch busy = new CountDownLatch(1);
        ExecutorService one = scope.executor(1);
        Wire.Accepted accepted = wire.accepted(options -> options.dispatcher(one), 0);
        one.execute(() -> {
            busy.countDown();
            Await.latch("release", release);
        });
        Await.latch("the executor is busy", busy);
        CompletableFuture<Boolean> sender = Await.start(() -> {
            accepted.peer().send(payload).finish();
            return true;
        });
        wire.settle();
        assertTrue(
                accepted.stream().bytesRead() <= 256 << 10,
                () -> "read " + accepted.stream().bytesRead());
        accepted.events().assertNames("connect");
        release.countDown();
        Await.value("the peer has sent", sender);
        accepted.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(Payload.summary(payload), Payload.summary(accepted.events().bytes()));
    }

    @Test
    void executorThatWasShutDownLosesNoClose() {
        ExecutorService one =
                Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
        Pair pair = wire.pair(options -> options.dispatcher(one), options -> options);
        one.shutdown();
        Await.until("the executor has ended", one::isTerminated);
        pair.server().end("too late");
        pair.clientEvents().awaitClose();
        assertEquals(1, pair.clientEvents().count("close(true)"), pair.clientEvents()::toString);
        assertTrue(pair.clientEvents().error() instanceof RejectedExecutionException, pair.clientEvents()::toString);
    }

    /** Close waits in the mailbox while connect and end, which nobody has heard, get their first listeners. */
    @Test
    void whatNobodyHeardIsToldBeforeWhatComesAfterIt() throws IOException {
        ManualExecutor executor = scope.add(new ManualExecutor());
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream(options -> options.dispatcher(executor).allowHalfOpen(true));
        wire.connect(stream, listener);
        Peer unused = listener.accept().finish();
        Await.until("end is told to nobody", () -> {
            executor.runAll();
            return stream.readyState() == ReadyState.WRITE_ONLY;
        });
        stream.end();
        Await.until("close is about to be told", () -> executor.hasTasks());
        Events events = Events.of(scope, stream);
        Await.until("close is told", () -> {
            executor.runAll();
            return events.count("close(false)") == 1;
        });
        Await.until("all is told", () -> {
            executor.runAll();
            return events.names().size() == 3;
        });
        events.assertNames("connect", "end", "close(false)");
    }

    /** The connection is there, and connect is about to be told, when the option is set. */
    @Test
    void optionSetJustBeforeConnectIsToldIsTaken() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        ManualExecutor executor = scope.add(new ManualExecutor());
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream(options -> options.dispatcher(executor));
        Events events = Events.of(scope, stream);
        wire.connect(stream, listener);
        Peer unused = listener.accept();
        Await.until("connect is about to be told", () -> executor.hasTasks());
        stream.setKeepAlive(true, 60_000);
        Await.until("connect is told", () -> {
            executor.runAll();
            return events.count("connect") == 1;
        });
        wire.awaitKeepAlive(stream, 60);
    }

    /** Runs what it was given when the test says so; after the test, at once. */
    private static final class ManualExecutor implements Executor, AutoCloseable {
        private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
        private volatile boolean closed;

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
            if (closed) {
                runAll();
            }
        }

        boolean hasTasks() {
            return !tasks.isEmpty();
        }

        void runAll() {
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
        }

        @Override
        public void close() {
            closed = true;
            runAll();
        }
    }
}
