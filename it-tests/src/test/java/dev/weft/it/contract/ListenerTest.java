// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.weft.it.support.Await;
import dev.weft.it.support.ContractTest;
import dev.weft.it.support.Events;
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
import dev.weft.net.Registration;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Adding and removing listeners, those that come late, those that throw, and the futures beside them. */
class ListenerTest extends ContractTest {
    // -- Adding and removing. --

    @Test
    void listenersAreCalledInTheOrderTheyWereAdded() throws IOException {
        List<String> calls = Collections.synchronizedList(new ArrayList<>());
        Connected connected = wire.connected();
        connected.stream().onEnd(() -> calls.add("first"));
        connected.stream().on(Event.END, stream -> calls.add("second"));
        connected.stream().once(Event.END, stream -> calls.add("third"));
        connected.stream().onEnd(() -> calls.add("fourth"));
        connected.peer().finish();
        connected.events().awaitClose();
        assertEquals(List.of("first", "second", "third", "fourth"), calls);
    }

    @Test
    void removedListenerIsNotCalled() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        Connected connected = wire.connected();
        Registration registration = connected.stream().onData(data -> calls.incrementAndGet());
        registration.remove();
        connected.peer().send("x").finish();
        connected.events().awaitClose();
        assertEquals(0, calls.get());
    }

    @Test
    void listenerMayRemoveItself() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        Connected connected = wire.connected();
        Registration[] registration = new Registration[1];
        registration[0] = connected.stream().onData(data -> {
            calls.incrementAndGet();
            registration[0].remove();
        });
        connected.peer().send("x");
        connected.events().awaitText("x");
        connected.peer().send("y").finish();
        connected.events().awaitClose();
        assertEquals(1, calls.get());
    }

    @Test
    void listenerAddedInAListenerHearsTheNextEvent() throws IOException {
        List<String> calls = Collections.synchronizedList(new ArrayList<>());
        Connected connected = wire.connected();
        connected.stream().once(Event.DATA, first -> connected.stream().onData(data -> calls.add("inner")));
        connected.peer().send("x");
        connected.events().awaitText("x");
        connected.peer().send("y").finish();
        connected.events().awaitClose();
        assertEquals(List.of("inner"), calls);
    }

    @Test
    void onceIsCalledOnceAndGoneBeforeItsCall() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        AtomicInteger countInside = new AtomicInteger(-1);
        Connected connected = wire.connected();
        int before = connected.stream().listenerCount(Event.DATA);
        connected.stream().once(Event.DATA, data -> {
            calls.incrementAndGet();
            countInside.set(connected.stream().listenerCount(Event.DATA));
        });
        assertEquals(before + 1, connected.stream().listenerCount(Event.DATA));
        connected.peer().send("x");
        connected.events().awaitText("x");
        connected.peer().send("y").finish();
        connected.events().awaitClose();
        assertEquals(1, calls.get());
        assertEquals(before, countInside.get());
    }

    @Test
    void onceCanBeRemovedBeforeItsCall() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        Connected connected = wire.connected();
        Listener<Stream> listener = stream -> calls.incrementAndGet();
        connected.stream().once(Event.END, listener).remove();
        connected.stream().once(Event.END, listener);
        connected.stream().removeListener(Event.END, listener);
        connected.peer().finish();
        connected.events().awaitClose();
        assertEquals(0, calls.get());
    }

    @Test
    void listenerAddedTwiceIsCalledTwiceAndRemovedOneAtATime() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        Connected connected = wire.connected();
        Listener<ByteBuffer> listener = data -> calls.incrementAndGet();
        int before = connected.stream().listenerCount(Event.DATA);
        connected.stream().onData(listener);
        connected.stream().on(Event.DATA, listener);
        assertEquals(before + 2, connected.stream().listenerCount(Event.DATA));
        connected.peer().send("x");
        connected.events().awaitText("x");
        Await.until("two calls", () -> calls.get() == 2);
        connected.stream().removeListener(Event.DATA, listener);
        assertEquals(before + 1, connected.stream().listenerCount(Event.DATA));
        connected.peer().send("y").finish();
        connected.events().awaitClose();
        assertEquals(3, calls.get());
    }

    @Test
    void registrationRemovesItselfAndNotTheSameListenersOnce() {
        Stream stream = wire.stream();
        AtomicInteger calls = new AtomicInteger();
        Listener<Boolean> listener = hadError -> calls.incrementAndGet();
        Registration registration = stream.on(Event.CLOSE, listener);
        stream.once(Event.CLOSE, listener);
        registration.remove();
        CompletableFuture<Void> closed = stream.closed();
        stream.destroy();
        Await.value("closed", closed);
        assertEquals(1, calls.get());
        assertEquals(0, stream.listenerCount(Event.CLOSE));
    }

    @Test
    void secondRemoveOfARegistrationDoesNothing() {
        Stream stream = wire.stream();
        Listener<Stream> listener = s -> {};
        Registration first = stream.on(Event.END, listener);
        stream.on(Event.END, listener);
        first.remove();
        first.remove();
        assertEquals(1, stream.listenerCount(Event.END), "the other registration of the same listener is left");
    }

    @Test
    void removingWhatWasNeverAddedDoesNothing() {
        Stream stream = wire.stream();
        stream.onEnd(() -> {});
        stream.removeListener(Event.END, s -> {});
        assertEquals(1, stream.listenerCount(Event.END));
    }

    @Test
    void listenerCountCountsTypedAndGenericOnes() {
        Stream stream = wire.stream();
        assertEquals(0, stream.listenerCount(Event.CLOSE));
        stream.onClose(hadError -> {});
        stream.on(Event.CLOSE, hadError -> {});
        stream.once(Event.CLOSE, hadError -> {});
        assertEquals(3, stream.listenerCount(Event.CLOSE));
        assertEquals(0, stream.listenerCount(Event.ERROR));
    }

    @Test
    void nullListenersAreRefused() {
        Stream stream = wire.stream();
        assertThrows(NullPointerException.class, () -> stream.onConnect(null));
        assertThrows(NullPointerException.class, () -> stream.onData(null));
        assertThrows(NullPointerException.class, () -> stream.onClose(null));
        assertThrows(NullPointerException.class, () -> stream.on(Event.END, null));
        assertThrows(NullPointerException.class, () -> stream.once(Event.END, null));
    }

    @Test
    void eachDataListenerOwnsItsBuffer() throws IOException {
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        Connected connected = wire.connected();
        for (int i = 0; i < 3; i++) {
            connected.stream().onData(data -> {
                StringBuilder text = new StringBuilder();
                while (data.hasRemaining()) {
                    text.append((char) data.get());
                }
                seen.add(text.toString());
                data.clear();
                while (data.hasRemaining()) {
                    data.put((byte) '#');
                }
            });
        }
        connected.peer().send("own").finish();
        connected.events().awaitClose();
        assertEquals(List.of("own", "own", "own"), seen);
        assertEquals("own", connected.events().text());
    }

    @Test
    void eventsByNameGiveTheStreamOrTheDetail() throws IOException {
        List<Object> details = Collections.synchronizedList(new ArrayList<>());
        Connected connected = wire.connected();
        Stream stream = connected.stream();
        stream.setEncoding(Encoding.UTF8);
        stream.on(Event.TEXT, details::add);
        stream.on(Event.END, details::add);
        stream.on(Event.CLOSE, details::add);
        connected.peer().send("text").finish();
        Await.value("closed", stream.closed());
        assertEquals(List.of("text", stream, false), details);
    }

    // -- Late ones. --

    @Test
    void connectWaitsForItsFirstListener() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.connect(wire.stream(), listener);
        Peer unused = listener.accept();
        Await.value("connected", stream.connected());
        wire.settle();
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        stream.onConnect(() -> told.complete(true));
        Await.value("connect for a late listener", told);
    }

    @Test
    void firstBytesOfAClientWaitForItsListener() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.connect(wire.stream(), listener);
        Peer unused = listener.accept().send("hello").finish();
        Await.until("the bytes are read", () -> stream.bytesRead() == 5);
        Events events = Events.of(scope, stream);
        events.assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals("hello", events.text());
    }

    @Test
    void errorAndCloseWaitForTheirFirstListeners() throws IOException {
        Stream stream = wire.connect(wire.stream(), wire.nowhere());
        Throwable unused = Await.failure("connected", stream.connected());
        Await.value("closed", stream.closed());
        Events events = Events.of(scope, stream);
        events.assertClosedAfter("error", "close(true)");
        assertEquals(
                Code.CONNECTION_REFUSED,
                assertInstanceOf(NetException.class, events.error()).code());
    }

    @Test
    void endAndCloseWaitForTheirFirstListeners() throws IOException {
        CompletableFuture<Stream> accepted = new CompletableFuture<>();
        Server server = wire.listening(accepted::complete);
        Peer unused = wire.dial(server).finish();
        Stream stream = Await.value("connection", accepted);
        Await.value("closed", stream.closed());
        Events events = Events.of(scope, stream);
        events.assertClosedAfter("connect", "end", "close(false)");
    }

    @Test
    void eventThatWasHeardIsNotToldToLateListeners() throws IOException {
        Connected connected = wire.connected();
        AtomicInteger late = new AtomicInteger();
        connected.stream().onConnect(late::incrementAndGet);
        wire.settle();
        connected.peer().finish();
        connected.events().awaitClose();
        connected.stream().onEnd(late::incrementAndGet);
        connected.stream().onClose(hadError -> late.incrementAndGet());
        wire.settle();
        assertEquals(0, late.get());
    }

    @Test
    void lateOnceListenerHearsWhatNobodyHeard() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.connect(wire.stream(), listener);
        Peer unused = listener.accept();
        Await.value("connected", stream.connected());
        AtomicInteger told = new AtomicInteger();
        stream.once(Event.CONNECT, s -> told.incrementAndGet());
        Await.until("a late once listener is told", () -> told.get() == 1);
        stream.onConnect(told::incrementAndGet);
        wire.settle();
        assertEquals(1, told.get());
    }

    @Test
    void whatNobodyHeardOfOneConnectionIsNotToldOfTheNext() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.connect(wire.stream(), wire.nowhere());
        Await.value("closed", stream.closed());
        wire.connect(stream, listener);
        Peer unused = listener.accept();
        Await.value("connected", stream.connected());
        Events events = Events.of(scope, stream);
        events.await("connect");
        wire.settle();
        events.assertNames("connect");
    }

    @Test
    void listenersAddedWhileEventsComeHearThemAllInOrder() throws IOException {
        assumeFalse(wire.isSecured(), "over TLS it is an end or a cut, by how far the handshake was");
        for (int i = 0; i < 300; i++) {
            PeerListener listener = wire.peerListener();
            Stream stream = wire.connect(wire.stream(), listener);
            listener.accept().close();
            Events events = Events.of(scope, stream);
            events.assertClosedAfter("connect", "end", "close(false)");
            listener.close();
        }
    }

    @Test
    void listenersAddedWhileConnectingFailsHearErrorThenClose() throws IOException {
        SocketAddress nowhere = wire.nowhere();
        for (int i = 0; i < 300; i++) {
            Stream stream = wire.connect(wire.stream(), nowhere);
            Events events = Events.of(scope, stream);
            events.assertClosedAfter("error", "close(true)");
        }
    }

    // -- Those that throw. --

    @ParameterizedTest
    @ValueSource(strings = {"connect", "data", "text", "end", "timeout", "drain"})
    void listenerThatThrowsEndsItsStreamWithThat(String name) throws IOException {
        Exception thrown = new Exception("thrown in " + name);
        PeerListener listener = wire.peerListener(16 << 10);
        Stream stream = wire.stream(options -> options.allowHalfOpen(true));
        Events events = Events.of(scope, stream);
        stream.setEncoding(Encoding.UTF8);
        switch (name) {
            case "connect" -> stream.onConnect(() -> raise(thrown));
            case "data" -> stream.onData(data -> raise(thrown));
            case "text" -> stream.onText(text -> raise(thrown));
            case "end" -> stream.onEnd(() -> raise(thrown));
            case "timeout" -> stream.onTimeout(() -> raise(thrown));
            default -> stream.onDrain(() -> raise(thrown));
        }
        wire.connect(stream, listener);
        Peer peer = listener.accept();
        switch (name) {
            case "data", "text" -> peer.send("x");
            case "end" -> peer.finish();
            case "timeout" -> stream.setTimeout(20);
            case "drain" -> {
                events.await("connect");
                assertFalse(stream.write(new byte[6 << 20]));
                assertEquals(6 << 20, peer.read(6 << 20).length);
            }
            default -> {}
        }
        events.await("close(true)");
        assertSame(thrown, events.error());
        assertEquals(1, events.count("error"));
        assertEquals(0, peer.readToCut().length);
    }

    private static void raise(Exception exception) throws Exception {
        throw exception;
    }

    @Test
    void errorsAreTreatedLikeExceptions() throws IOException {
        AssertionError thrown = new AssertionError("thrown");
        Connected connected = wire.connected();
        connected.stream().onData(data -> {
            throw thrown;
        });
        connected.peer().send("x");
        connected.events().assertClosedAfter("connect", "data", "error", "close(true)");
        assertSame(thrown, connected.events().error());
    }

    @Test
    void connectionListenerThatThrowsEndsThatStreamAndTheServerGoesOn() throws IOException {
        Exception thrown = new Exception("thrown in connection");
        CompletableFuture<Events> first = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            if (first.complete(Events.of(scope, stream))) {
                throw thrown;
            }
            stream.end("served");
        });
        Peer unlucky = wire.dial(server);
        Events events = Await.value("connection", first).assertClosedAfter("error", "close(true)");
        assertSame(thrown, events.error());
        assertEquals(0, unlucky.readToCut().length);
        assertEquals("served", wire.dial(server).readTextToEnd());
    }

    @Test
    void streamsBesideOneWhoseListenerThrowsAreUnharmed() throws IOException {
        CompletableFuture<Stream> first = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            stream.onError(error -> {});
            stream.onData(data -> {
                if (data.get(data.position()) == '!') {
                    throw new Exception("thrown");
                }
                stream.write(data);
            });
            first.complete(stream);
        });
        Peer good = wire.dial(server).send("a");
        assertEquals("a", good.readText(1));
        Peer bad = wire.dial(server).send("!");
        assertEquals("", bad.readTextToEnd());
        good.send("b");
        assertEquals("b", good.readText(1));
        assertEquals("c", wire.dial(server).send("c").finish().readTextToEnd());
    }

    @Test
    void withoutAnErrorListenerWhatWasThrownIsLoggedWithItsStack() throws IOException {
        Server server = wire.listening(stream -> stream.onData(data -> raise(new Exception("thrown and logged"))));
        Peer peer = wire.dial(server).send("x");
        assertEquals("", peer.readTextToEnd());
        String record = scope.awaitLoggedError("thrown and logged");
        assertTrue(record.contains("\tat ") && record.contains(ListenerTest.class.getName()), record);
    }

    @Test
    void withoutAnErrorListenerAFailureOfTheNetworkIsLoggedAtInfoWithoutStack() throws IOException {
        Stream stream = wire.connect(wire.stream(), wire.nowhere());
        Await.value("closed", stream.closed());
        String record = scope.awaitLoggedInfo("refused");
        assertFalse(record.contains("\tat "), record);
    }

    @Test
    void exceptionWhoseTextThrowsEndsItsStreamLikeAnyOther() throws IOException {
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            stream.onClose(closed::complete);
            stream.onData(data -> {
                throw new IOException() {
                    @Override
                    public String getMessage() {
                        throw new IllegalStateException("thrown in getMessage");
                    }
                };
            });
        });
        assertEquals("", wire.dial(server).send("x").readTextToEnd());
        assertEquals(true, Await.value("close", closed));
        scope.awaitLoggedInfo("whose text throws");
    }

    @Test
    void errorListenerThatThrowsIsLoggedAndCloseFollows() throws IOException {
        Exception first = new Exception("first");
        Connected connected = wire.connected();
        connected.stream().onError(error -> raise(new Exception("thrown in error")));
        connected.stream().destroy(first);
        connected.events().assertClosedAfter("connect", "error", "close(true)");
        assertSame(first, connected.events().error());
        scope.awaitLoggedError("thrown in error");
    }

    @Test
    void closeListenerThatThrowsIsLoggedAndClosedStillCompletes() throws IOException {
        Connected connected = wire.connected();
        connected.stream().onClose(hadError -> raise(new Exception("thrown in close")));
        CompletableFuture<Void> closed = connected.stream().closed();
        connected.stream().destroy();
        Await.value("closed", closed);
        scope.awaitLoggedError("thrown in close");
        connected.events().assertNames("connect", "close(false)");
    }

    @Test
    void listenerThatThrowsAfterItDestroyedItsStreamIsLogged() throws IOException {
        Connected connected = wire.connected();
        connected.stream().onData(data -> {
            connected.stream().destroy();
            throw new Exception("thrown after destroy");
        });
        connected.peer().send("x");
        connected.events().assertClosedAfter("connect", "data", "close(false)");
        scope.awaitLoggedError("thrown after destroy");
    }

    @Test
    void listenerThatLeavesItsThreadInterruptedHarmsNothing() throws IOException {
        Connected connected = wire.connected();
        connected.stream().onData(data -> Thread.currentThread().interrupt());
        for (int i = 1; i <= 5; i++) {
            connected.peer().send("x");
            connected.events().awaitSize(i);
        }
        connected.peer().finish();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
    }

    @Test
    void drainListenerThatLeavesItsThreadInterruptedHarmsNothing() throws IOException {
        int times = 5;
        byte[] much = new byte[6 << 20];
        Connected connected = wire.connected();
        AtomicInteger writes = new AtomicInteger();
        connected.stream().onDrain(() -> {
            Thread.currentThread().interrupt();
            if (writes.incrementAndGet() < times) {
                connected.stream().write(much);
            } else {
                connected.stream().end();
            }
        });
        connected.stream().write(much);
        assertEquals(times * much.length, connected.peer().readToEnd().length);
        connected.peer().finish();
        connected.events().awaitClose();
        assertEquals(0, connected.events().count("error"));
    }

    // -- Futures. --

    @Test
    void connectedCompletesBeforeConnectIsTold() throws IOException {
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        stream.onConnect(() -> order.add("event"));
        CompletableFuture<Boolean> done = stream.connected().thenApply(same -> order.add("future"));
        Events events = Events.of(scope, stream);
        wire.connect(stream, listener);
        Peer unused = listener.accept();
        Await.value("connected", done);
        events.await("connect");
        assertEquals(List.of("future", "event"), order);
    }

    @Test
    void connectedCompletesWithTheStreamAndClosedAfterTheCloseListeners() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        AtomicInteger listenersDone = new AtomicInteger();
        stream.onClose(hadError -> listenersDone.incrementAndGet());
        stream.onClose(hadError -> listenersDone.incrementAndGet());
        CompletableFuture<Integer> whenClosed = stream.closed().thenApply(nothing -> listenersDone.get());
        CompletableFuture<Stream> connected = stream.connected();
        assertFalse(connected.isDone());
        wire.connect(stream, listener);
        Peer unused = listener.accept();
        assertSame(stream, Await.value("connected", connected));
        assertFalse(whenClosed.isDone());
        stream.destroy();
        assertEquals(2, Await.value("closed", whenClosed));
    }

    @Test
    void connectedFailsWithTheReason() throws IOException {
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        CompletableFuture<Stream> connected = stream.connected();
        wire.connect(stream, wire.nowhere());
        Throwable reason = Await.failure("connected", connected);
        events.awaitClose();
        assertSame(events.error(), reason);
    }

    @Test
    void connectedFailsIfTheStreamIsDestroyedBefore() throws IOException {
        Stream stream = wire.stream();
        wire.connect(stream, wire.blackHole());
        CompletableFuture<Stream> connected = stream.connected();
        stream.destroy();
        assertNotNull(Await.failure("connected", connected).getMessage());
    }

    /** Another thread sees it open just before connect is told. */
    @Test
    void connectedCompletesAlsoIfTheStreamIsDestroyedAtThatMoment() {
        Server server = wire.listening(stream -> {});
        for (int round = 0; round < 50; round++) {
            Stream stream = wire.stream();
            stream.setNoDelay();
            stream.setKeepAlive(true, 5000);
            CompletableFuture<Stream> connected = stream.connected();
            wire.connect(stream, server);
            Await.returns("destroy", () -> {
                while (stream.readyState() == ReadyState.OPENING) {
                    Thread.onSpinWait();
                }
                stream.destroy();
            });
            Await.until("connected is done after close in round " + round, connected::isDone);
        }
    }

    @Test
    void connectedAskedForInErrorFailsToo() throws IOException {
        Stream stream = wire.stream();
        CompletableFuture<CompletableFuture<Stream>> asked = new CompletableFuture<>();
        Events events = Events.of(scope, stream);
        stream.onError(error -> asked.complete(stream.connected()));
        wire.connect(stream, wire.nowhere());
        assertSame(events.awaitClose().error(), Await.failure("connected", Await.value("error", asked)));
    }

    @Test
    void closedAskedForInACloseListenerWaitsForTheOthers() throws IOException {
        CompletableFuture<Boolean> doneInside = new CompletableFuture<>();
        CompletableFuture<Void> doneAfter = new CompletableFuture<>();
        Connected connected = wire.connected();
        connected.stream().onClose(hadError -> {
            CompletableFuture<Void> closed = connected.stream().closed();
            doneInside.complete(closed.isDone());
            CompletableFuture<Void> unused = closed.thenRun(() -> doneAfter.complete(null));
        });
        connected.stream().destroy();
        assertEquals(false, Await.value("close", doneInside));
        Await.value("closed", doneAfter);
    }

    @Test
    void futuresAskedForLateAreDone() {
        Pair pair = wire.pair();
        assertSame(pair.client(), Await.value("connected", pair.client().connected()));
        pair.client().destroy();
        pair.clientEvents().awaitClose();
        Await.value("closed", pair.client().closed());
        assertSame(pair.client(), Await.value("connected", pair.client().connected()));
    }

    @Test
    void completingAFutureFromOutsideHarmsNobody() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        stream.connected().cancel(true);
        stream.closed().completeExceptionally(new Exception("from outside"));
        wire.connect(stream, listener);
        Peer unused = listener.accept();
        assertSame(stream, Await.value("connected", stream.connected()));
        stream.destroy();
        Await.value("closed", stream.closed());
    }

    // -- One at a time. --

    @ParameterizedTest
    @EnumSource(Caller.class)
    void listenersOfAStreamNeverRunAtTheSameTime(Caller caller) throws IOException {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger overlaps = new AtomicInteger();
        AtomicInteger calls = new AtomicInteger();
        Connected connected = wire.connected();
        Stream stream = connected.stream();
        Runnable body = () -> {
            if (inside.incrementAndGet() != 1) {
                overlaps.incrementAndGet();
            }
            for (int i = 0; i < 200; i++) {
                Thread.onSpinWait();
            }
            calls.incrementAndGet();
            inside.decrementAndGet();
        };
        stream.onData(data -> body.run());
        stream.onDrain(body::run);
        stream.onTimeout(body::run);
        stream.onEnd(body::run);
        stream.onClose(hadError -> body.run());
        stream.setTimeout(1);
        CompletableFuture<Boolean> other = Await.start(() -> {
            for (int i = 0; i < 300; i++) {
                caller.touch(stream);
            }
            return true;
        });
        for (int i = 1; i <= 100; i++) {
            connected.peer().send("x");
            connected.events().awaitSize(i);
        }
        Await.value("the other thread", other);
        connected.peer().finish();
        // A Unix socket is full of fewer writes than these: close waits for a peer that does not read.
        assertEquals(caller == Caller.WRITES ? 300 : 0, connected.peer().readToEnd().length);
        connected.events().awaitClose();
        assertEquals(0, overlaps.get());
        assertTrue(calls.get() >= 100, () -> "only " + calls + " calls");
    }

    /** What another thread does with a stream whose listeners are running. */
    enum Caller {
        WRITES {
            @Override
            void touch(Stream stream) {
                stream.write("x");
            }
        },
        PAUSES {
            @Override
            void touch(Stream stream) {
                stream.pause().resume();
            }
        },
        LISTENS {
            @Override
            void touch(Stream stream) {
                stream.onConnect(() -> {}).remove();
            }
        };

        abstract void touch(Stream stream);
    }

    @Test
    void listenersRunOnVirtualThreadsUnlessToldOtherwise() throws IOException {
        Accepted accepted = wire.accepted();
        accepted.peer().send("x").finish();
        accepted.events().awaitClose();
        for (String event : List.of("connect", "data", "end", "close(false)")) {
            Thread thread = accepted.events().threadOf(event);
            assertEquals(wire.listenersMayBlock(), thread.isVirtual(), () -> event + " was told on " + thread);
        }
    }
}
