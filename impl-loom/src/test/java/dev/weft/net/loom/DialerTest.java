// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.ReadyState;
import dev.weft.net.StreamOptions;
import dev.weft.net.loom.FakeTransport.Gate;
import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Several addresses of one name: see {@link Hooks#race} for how they come in without a name server. */
@ExtendWith(LeakCheck.class)
class DialerTest {
    private static final long HEAD_START = TimeUnit.MILLISECONDS.toNanos(250);
    private static final SocketAddress NAME = InetSocketAddress.createUnresolved("name.test", 80);
    private static final SocketAddress A = Names.address(80, "192.0.2.1");
    private static final SocketAddress B = Names.address(80, "192.0.2.2");
    private static final SocketAddress C = Names.address(80, "2001:db8::3");

    private final FakeTransport first = new FakeTransport();
    private final FakeTransport second = new FakeTransport();
    private final FakeTransport third = new FakeTransport();
    private final FakeProvider provider =
            new FakeProvider().at(A, first).at(B, second).at(C, third);
    private final Dialer dialer = Hooks.dialer(NAME, provider);
    private final List<AutoCloseable> open = new ArrayList<>();
    private final long seed = Long.getLong("weft.fuzz.seed", System.nanoTime());

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private <C extends AutoCloseable> C opened(C closeable) {
        open.add(closeable);
        return closeable;
    }

    private static IOException refused() {
        return new ConnectException("Connection refused");
    }

    // -- One address. --

    @Test
    void oneAddressIsConnectedOnTheCallersThread() throws Exception {
        Dialer one = Hooks.dialer(A, provider);
        assertSame(first, one.dial());
        assertEquals(A, first.connecting());
        assertFalse(first.isClosed());
    }

    @Test
    void oneAddressThatRefusesFailsWithItsOwnMessage() {
        IOException refusal = refused();
        first.refuses(refusal);
        Dialer one = Hooks.dialer(A, provider);
        NetException error = assertThrows(NetException.class, one::dial);
        assertEquals(Code.CONNECTION_REFUSED, error.code());
        assertEquals("connect tcp 192.0.2.1:80: Connection refused", error.getMessage());
        assertSame(refusal, error.getCause());
        assertTrue(first.isClosed());
    }

    @Test
    void failureToOpenASocketIsAFailureToConnect() {
        provider.failsWith(new IOException("Too many open files"));
        Dialer one = Hooks.dialer(A, provider);
        NetException error = assertThrows(NetException.class, one::dial);
        assertEquals(Code.TOO_MANY_OPEN_FILES, error.code());
        assertEquals("connect tcp 192.0.2.1:80: Too many open files", error.getMessage());
    }

    @Test
    void cancelEndsAnAttempt() throws Exception {
        first.hangs();
        Dialer one = Hooks.dialer(A, provider);
        CompletableFuture<Transport> dialed = Await.start(one::dial);
        Await.until("it is connecting", () -> first.connecting() != null);
        one.cancel();
        NetException error = assertThrows(NetException.class, () -> Await.value("dial ends", dialed));
        assertEquals("connect tcp 192.0.2.1:80: the stream was closed", error.getMessage());
        assertTrue(first.isClosed());
    }

    @Test
    void cancelBeforeDialLeavesNothingOpen() {
        Dialer one = Hooks.dialer(A, provider);
        one.cancel();
        assertThrows(NetException.class, one::dial);
        assertNull(first.connecting());
        assertTrue(first.isClosed());
    }

    @Test
    void connectionThatComesAfterCancelIsClosed() throws Exception {
        Gate gate = first.holdConnect();
        Dialer one = Hooks.dialer(A, provider);
        CompletableFuture<Transport> dialed = Await.start(one::dial);
        gate.awaitReached("connecting");
        one.cancel();
        gate.open();
        assertThrows(NetException.class, () -> Await.value("dial ends", dialed));
        assertTrue(first.isClosed());
    }

    // -- Several addresses. --

    @Test
    void firstAddressThatConnectsAtOnceIsTheOnlyOneTried() throws Exception {
        assertSame(first, Hooks.race(dialer, List.of(A, B, C)));
        assertNull(second.connecting());
        assertNull(third.connecting());
        assertFalse(first.isClosed());
    }

    @Test
    void refusalStartsTheNextAddress() throws Exception {
        first.refuses(refused());
        assertSame(second, Hooks.race(dialer, List.of(A, B, C)));
        assertNull(third.connecting());
        assertTrue(first.isClosed());
        assertFalse(second.isClosed());
    }

    @Test
    void addressThatDoesNotAnswerHasAHeadStartAndIsClosedWhenTheNextOneWins() throws Exception {
        first.hangs();
        long before = System.nanoTime();
        assertSame(second, Hooks.race(dialer, List.of(A, B, C)));
        assertTrue(System.nanoTime() - before >= HEAD_START);
        assertTrue(first.isClosed());
        assertFalse(second.isClosed());
        assertNull(third.connecting());
    }

    @Test
    void slowAddressIsNotGivenUpForTheNextOne() throws Exception {
        Gate gate = first.holdConnect();
        second.hangs();
        CompletableFuture<Transport> dialed = Await.start(() -> Hooks.race(dialer, List.of(A, B)));
        Await.until("the second is connecting", () -> second.connecting() != null);
        gate.open();
        assertSame(first, Await.value("race ends", dialed));
        assertFalse(first.isClosed());
        assertTrue(second.isClosed());
    }

    @Test
    void failureOfALaterAttemptLeavesTheFirstOneRunning() throws Exception {
        Gate gate = first.holdConnect();
        second.refuses(refused());
        third.refuses(refused());
        CompletableFuture<Transport> dialed = Await.start(() -> Hooks.race(dialer, List.of(A, B, C)));
        Await.until("all are tried", () -> third.isClosed());
        assertFalse(dialed.isDone());
        gate.open();
        assertSame(first, Await.value("race ends", dialed));
    }

    @Test
    void failureOfAllListsAll() {
        IOException refusal = refused();
        first.refuses(refusal);
        second.refuses(new NoRouteToHostException("No route to host"));
        third.refuses(new ConnectException("Connection timed out"));
        NetException error = assertThrows(NetException.class, () -> Hooks.race(dialer, List.of(A, B, C)));
        assertEquals(
                "connect tcp name.test:80: no address answers: connect tcp 192.0.2.1:80: Connection refused; "
                        + "connect tcp 192.0.2.2:80: No route to host; "
                        + "connect tcp [2001:db8::3]:80: Connection timed out",
                error.getMessage());
        assertEquals(Code.CONNECTION_REFUSED, error.code(), "that of the first");
        assertSame(refusal, error.getCause().getCause());
        assertEquals(2, error.getSuppressed().length);
        assertEquals(
                Code.UNREACHABLE,
                assertInstanceOf(NetException.class, error.getSuppressed()[0]).code());
        assertEquals(
                Code.TIMED_OUT,
                assertInstanceOf(NetException.class, error.getSuppressed()[1]).code());
        for (FakeTransport each : List.of(first, second, third)) {
            assertTrue(each.isClosed());
        }
    }

    @Test
    void cancelEndsAllAttempts() throws Exception {
        first.hangs();
        second.hangs();
        third.hangs();
        CompletableFuture<Transport> dialed = Await.start(() -> Hooks.race(dialer, List.of(A, B, C)));
        Await.until("all are connecting", () -> third.connecting() != null);
        dialer.cancel();
        assertThrows(NetException.class, () -> Await.value("race ends", dialed));
        for (FakeTransport each : List.of(first, second, third)) {
            assertTrue(each.isClosed());
        }
    }

    @Test
    void cancelDuringTheHeadStartDoesNotTryTheNextOne() throws Exception {
        first.hangs();
        CompletableFuture<Transport> dialed = Await.start(() -> Hooks.race(dialer, List.of(A, B)));
        Await.until("the first is connecting", () -> first.connecting() != null);
        dialer.cancel();
        NetException error = assertThrows(NetException.class, () -> Await.value("race ends", dialed));
        assertTrue(error.getMessage().endsWith("the stream was closed"), error.getMessage());
        assertNull(second.connecting());
    }

    /** Whoever comes second, however close, is closed, and nobody is forgotten. */
    @Test
    void exactlyOneIsKeptHoweverCloseTheFinish() throws Exception {
        List<CompletableFuture<Void>> races = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            SplittableRandom random = new SplittableRandom(seed + i);
            races.add(Await.start(() -> finishClosely(random)));
        }
        for (CompletableFuture<Void> race : races) {
            Await.value("a race ends, seed " + seed, race);
        }
    }

    private Void finishClosely(SplittableRandom random) throws Exception {
        List<FakeTransport> transports = List.of(new FakeTransport(), new FakeTransport());
        List<Gate> gates = transports.stream().map(FakeTransport::holdConnect).toList();
        Dialer two =
                Hooks.dialer(NAME, new FakeProvider().at(A, transports.get(0)).at(B, transports.get(1)));
        CompletableFuture<Transport> dialed = Await.start(() -> Hooks.race(two, List.of(A, B)));
        gates.get(0).awaitReached("the first connects");
        gates.get(1).awaitReached("the second connects");
        boolean cancel = random.nextInt(4) == 0;
        int one = random.nextInt(2);
        Thread opener = Thread.ofVirtual().start(gates.get(one)::open);
        if (cancel) {
            two.cancel();
        }
        gates.get(1 - one).open();
        Await.ended("the opener", opener);
        Transport kept;
        try {
            kept = Await.value("race ends", dialed);
        } catch (NetException e) {
            assertTrue(cancel, e::getMessage);
            kept = null;
        }
        for (FakeTransport each : transports) {
            assertEquals(each != kept, each.isClosed(), "seed " + seed);
        }
        return null;
    }

    @Test
    void familiesTakeTurnsBeginningWithThatOfTheFirst() throws Exception {
        InetAddress four1 = InetAddress.getByName("192.0.2.1");
        InetAddress four2 = InetAddress.getByName("192.0.2.2");
        InetAddress six1 = InetAddress.getByName("2001:db8::1");
        InetAddress six2 = InetAddress.getByName("2001:db8::2");
        InetAddress six3 = InetAddress.getByName("2001:db8::3");
        assertEquals(
                List.of(six1, four1, six2, four2, six3), order(List.of(six1, six2, six3, four1, four2)), "RFC 8305, 4");
        assertEquals(List.of(four1, six1, four2), order(List.of(four1, four2, six1)));
        assertEquals(List.of(four1), order(List.of(four1)));
    }

    private static List<InetAddress> order(List<InetAddress> found) throws Exception {
        List<InetAddress> order = new ArrayList<>();
        for (SocketAddress address : Hooks.interleave(found, 80)) {
            InetSocketAddress inet = (InetSocketAddress) address;
            assertEquals(80, inet.getPort());
            order.add(inet.getAddress());
        }
        return order;
    }

    // -- What it knows about its target. --

    @Test
    void peerNameIsTheNameOrTheLiteralAddress() {
        assertEquals("name.test", new Dialer(NAME).peerName());
        assertEquals("::1", new Dialer(Names.address(80, "::1")).peerName());
        assertNull(Hooks.dialer(UnixDomainSocketAddress.of("/x"), provider).peerName());
    }

    @Test
    void addressThatNoTransportSupportsNamesTheArtifact() {
        UnsupportedOperationException error = assertThrows(
                UnsupportedOperationException.class, () -> new Dialer(UnixDomainSocketAddress.of("/tmp/x.sock")));
        assertEquals("a Unix socket needs dev.weft:weft-unix on the class or module path", error.getMessage());
    }

    // -- Over loopback. --

    private ServerSocketChannel listen(String host, int backlog) throws IOException {
        return opened(ServerSocketChannel.open()).bind(Names.address(0, host), backlog);
    }

    private static SocketAddress unused(String host) throws IOException {
        try (ServerSocketChannel gone = ServerSocketChannel.open().bind(Names.address(0, host))) {
            return gone.getLocalAddress();
        }
    }

    @Test
    void loopbackAddressThatRefusesIsFollowedByOneThatListens() throws Exception {
        ServerSocketChannel server = listen("127.0.0.3", 10);
        List<SocketAddress> addresses = List.of(unused("127.0.0.2"), server.getLocalAddress());
        Transport transport = Hooks.race(new Dialer(addresses.getFirst()), addresses);
        assertEquals(server.getLocalAddress(), transport.remoteAddress());
        transport.close();
    }

    @Test
    void loopbackAddressesThatAllRefuseAreAllListed() throws Exception {
        List<SocketAddress> addresses = List.of(unused("127.0.0.2"), unused("127.0.0.3"), unused("127.0.0.4"));
        NetException error =
                assertThrows(NetException.class, () -> Hooks.race(new Dialer(addresses.getFirst()), addresses));
        assertEquals(Code.CONNECTION_REFUSED, error.code());
        for (SocketAddress address : addresses) {
            assertTrue(error.getMessage().contains(Addresses.text(address)), error.getMessage());
        }
        assertEquals(2, error.getSuppressed().length);
    }

    /** A listener whose backlog is full drops what else comes, as a firewall does. */
    @Test
    void blackHoleLosesAgainstOneThatListens() throws Exception {
        ServerSocketChannel full = listen("127.0.0.2", 1);
        assumeTrue(fill(full.getLocalAddress()), "this system answers even when the backlog is full");
        ServerSocketChannel server = listen("127.0.0.3", 10);
        List<SocketAddress> addresses = List.of(full.getLocalAddress(), server.getLocalAddress());
        long before = System.nanoTime();
        Transport transport = Hooks.race(new Dialer(addresses.getFirst()), addresses);
        assertTrue(System.nanoTime() - before >= HEAD_START);
        assertEquals(server.getLocalAddress(), transport.remoteAddress());
        transport.close();
    }

    @Test
    void blackHoleCanBeLeft() throws Exception {
        ServerSocketChannel full = listen("127.0.0.2", 1);
        assumeTrue(fill(full.getLocalAddress()), "this system answers even when the backlog is full");
        LoomStream stream = new LoomStream(StreamOptions.defaults().connectTimeout(Duration.ofMillis(100)));
        Journal journal = Journal.of(stream);
        InetSocketAddress address = (InetSocketAddress) full.getLocalAddress();
        stream.connect(address.getPort(), address.getHostString());
        journal.awaitClosed("error", "close(true)");
        assertEquals(Code.TIMED_OUT, ((NetException) journal.error()).code());
        stream.connect(address.getPort(), address.getHostString());
        assertEquals(ReadyState.OPENING, stream.readyState());
        stream.destroy();
        Await.until("close is told", () -> stream.closed().isDone());
    }

    /** Whether some connections fill it, so that a further one hangs. */
    private boolean fill(SocketAddress address) throws IOException {
        for (int i = 0; i < 10; i++) {
            SocketChannel client = opened(SocketChannel.open());
            client.configureBlocking(false);
            if (!client.connect(address)) {
                long deadline = System.nanoTime() + HEAD_START;
                boolean connected = false;
                while (!connected && System.nanoTime() - deadline < 0) {
                    connected = client.finishConnect();
                }
                if (!connected) {
                    return true;
                }
            }
        }
        return false;
    }

    // -- In a stream. --

    private LoomStream connect(StreamOptions options) {
        LoomStream stream = new LoomStream(options);
        Hooks.connect(stream, Hooks.dialer(A, provider), options);
        return stream;
    }

    @Test
    void destroyWhileConnectingClosesTheAttempt() {
        first.hangs();
        LoomStream stream = connect(StreamOptions.defaults());
        Journal journal = Journal.of(stream);
        Await.until("it is connecting", () -> first.connecting() != null);
        assertEquals(ReadyState.OPENING, stream.readyState());
        stream.destroy();
        assertEquals(ReadyState.CLOSED, stream.readyState());
        journal.awaitClosed("close(false)");
        assertTrue(first.isClosed());
        assertNull(stream.remoteAddress(), "there was no connection");
    }

    @Test
    void destroyWhileASocketIsOpenedClosesItWhenItComes() {
        Gate gate = provider.holdOpen();
        LoomStream stream = connect(StreamOptions.defaults());
        Journal journal = Journal.of(stream);
        gate.awaitReached("a socket is opened");
        stream.destroy();
        journal.awaitClosed("close(false)");
        gate.open();
        Await.until("the socket is closed", first::isClosed);
        assertNull(first.connecting());
    }

    @Test
    void destroyJustBeforeTheConnectionIsThereClosesIt() {
        Gate gate = first.holdConnect();
        LoomStream stream = connect(StreamOptions.defaults());
        Journal journal = Journal.of(stream);
        gate.awaitReached("connecting");
        stream.destroy();
        gate.open();
        journal.awaitClosed("close(false)");
        assertTrue(first.isClosed());
    }

    @Test
    void connectTimeoutFailsTheConnection() {
        first.hangs();
        LoomStream stream = connect(StreamOptions.defaults().connectTimeout(Duration.ofMillis(30)));
        Journal journal = Journal.of(stream);
        journal.awaitClosed("error", "close(true)");
        NetException error = assertInstanceOf(NetException.class, journal.error());
        assertEquals(Code.TIMED_OUT, error.code());
        assertEquals("connect tcp 192.0.2.1:80: no connection within connectTimeout 30 ms", error.getMessage());
        assertTrue(first.isClosed());
    }

    @Test
    void connectTimeoutAlsoHoldsAfterEnd() {
        first.hangs();
        LoomStream stream = connect(StreamOptions.defaults().connectTimeout(Duration.ofMillis(30)));
        Journal journal = Journal.of(stream);
        stream.end("bye");
        journal.awaitClosed("error", "close(true)");
    }

    @Test
    void connectTimeoutIsOverOnceConnected() {
        LoomStream stream = connect(StreamOptions.defaults().connectTimeout(Duration.ofMillis(50)));
        Journal journal = Journal.of(stream);
        journal.awaitEvent("connect");
        stream.setTimeout(200);
        journal.awaitEvent("timeout"); // so more than the connectTimeout has passed
        assertEquals(ReadyState.OPEN, stream.readyState());
        stream.destroy();
        journal.awaitClosed("connect", "timeout", "close(false)");
    }

    @Test
    void idleTimeoutCoversConnecting() {
        first.hangs();
        LoomStream stream = connect(StreamOptions.defaults());
        Journal journal = Journal.of(stream);
        stream.setTimeout(20);
        journal.awaitEvent("timeout");
        assertEquals(ReadyState.OPENING, stream.readyState(), "it only tells");
        stream.destroy();
        journal.awaitClosed("timeout", "close(false)");
    }

    @Test
    void providerThatThrowsAnUncheckedExceptionFailsTheConnection() {
        provider.failsWith(new IllegalArgumentException("no such address family"));
        LoomStream stream = connect(StreamOptions.defaults());
        Journal journal = Journal.of(stream);
        journal.awaitClosed("error", "close(true)");
        assertEquals(
                "connect tcp 192.0.2.1:80: no such address family",
                journal.error().getMessage());
        NetException all = assertThrows(NetException.class, () -> Hooks.race(dialer, List.of(A, B)));
        assertEquals(1, all.getSuppressed().length);
    }

    @Test
    void nameIsLookedUpAndConnected() throws Exception {
        ServerSocketChannel server = listen("127.0.0.1", 10);
        LoomStream stream = new LoomStream(StreamOptions.defaults());
        Journal journal = Journal.of(stream);
        stream.connect(((InetSocketAddress) server.getLocalAddress()).getPort(), "localhost");
        opened(server.accept());
        journal.awaitEvent("connect");
        assertEquals("127.0.0.1", stream.remoteAddress());
        stream.destroy();
        journal.awaitClosed("connect", "close(false)");
    }

    @Test
    void nameThatDoesNotResolveIsAnErrorThatNamesIt() {
        LoomStream stream = new LoomStream(StreamOptions.defaults());
        Journal journal = Journal.of(stream);
        stream.connect(80, "no such host.invalid");
        journal.awaitClosed("error", "close(true)");
        NetException error = assertInstanceOf(NetException.class, journal.error());
        assertEquals(Code.HOST_NOT_FOUND, error.code());
        assertEquals("connect tcp no such host.invalid:80: no address for this name", error.getMessage());
    }

    @Test
    void destroyRightAfterConnectIsFollowedByCloseAlone() {
        for (int i = 0; i < 50; i++) {
            LoomStream stream = new LoomStream(StreamOptions.defaults());
            Journal journal = Journal.of(stream);
            stream.connect(80, i % 2 == 0 ? "localhost" : "no such host.invalid");
            stream.destroy();
            Await.until("close is told", () -> stream.closed().isDone());
            // It may have failed before.
            assertTrue(
                    List.of(List.of("close(false)"), List.of("error", "close(true)"))
                            .contains(journal.events()),
                    () -> journal.events().toString());
        }
    }
}
