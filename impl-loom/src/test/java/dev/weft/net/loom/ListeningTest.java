// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.loom.FakeTransport.Gate;
import dev.weft.net.spi.Acceptor;
import dev.weft.net.spi.Transport;
import dev.weft.net.spi.TransportProvider;
import java.io.IOException;
import java.net.BindException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.AsynchronousCloseException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A server over an acceptor whose every accept is played by the test. */
@ExtendWith(LeakCheck.class)
class ListeningTest {
    private static final SocketAddress HERE = Names.address(80, "192.0.2.1");

    /** What accept gives: a transport, or an exception to throw. */
    private final BlockingQueue<Object> script = new LinkedBlockingQueue<>();

    private final List<String> events = Collections.synchronizedList(new ArrayList<>());
    private final List<Throwable> errors = new CopyOnWriteArrayList<>();
    private final List<Long> attempts = new CopyOnWriteArrayList<>();
    private final FakeAcceptor acceptor = new FakeAcceptor();
    private final LoomServer server = new LoomServer(ServerOptions.defaults());
    private volatile Gate binding;
    private volatile IOException bindFailure;

    private final class FakeAcceptor implements Acceptor {
        private static final Object CLOSED = new Object();

        private volatile boolean open = true;

        @Override
        public String protocol() {
            return "fake";
        }

        @Override
        public SocketAddress address() {
            return HERE;
        }

        @Override
        public Transport accept() throws IOException {
            attempts.add(System.nanoTime());
            Object next;
            try {
                next = open ? script.poll(Await.LONG.toSeconds(), TimeUnit.SECONDS) : CLOSED;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            }
            return switch (next) {
                case Transport transport -> transport;
                case IOException failure -> throw failure;
                case RuntimeException failure -> throw failure;
                case null, default -> throw new AsynchronousCloseException();
            };
        }

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public void close() {
            open = false;
            script.add(CLOSED);
        }
    }

    private final class FakeListener implements TransportProvider {
        @Override
        public String protocol() {
            return "tcp";
        }

        @Override
        public boolean supports(SocketAddress address) {
            return true;
        }

        @Override
        public Transport open(SocketAddress remote) throws IOException {
            throw new IOException("only listens");
        }

        @Override
        public Acceptor listen(SocketAddress local, ServerOptions options) throws IOException {
            Gate gate = binding;
            if (gate != null) {
                gate.pass();
            }
            if (bindFailure != null) {
                throw bindFailure;
            }
            return acceptor;
        }
    }

    private void listen() {
        server.onListening(() -> events.add("listening"));
        server.onError(error -> {
            errors.add(error);
            events.add("error");
        });
        server.onClose(() -> events.add("close"));
        Hooks.listen(server, HERE, new FakeListener());
    }

    @AfterEach
    void close() throws Exception {
        server.close();
        if (bindFailure == null) {
            Await.value("the server is closed", server.closed());
        }
    }

    @Test
    void acceptedTransportBecomesAStream() {
        List<Stream> streams = new CopyOnWriteArrayList<>();
        server.onConnection(streams::add);
        listen();
        FakeTransport transport = new FakeTransport();
        script.add(transport);
        Await.until("a stream is there", () -> !streams.isEmpty());
        assertEquals("127.0.0.1", streams.getFirst().remoteAddress());
        assertEquals(1, server.connections());
        streams.getFirst().destroy();
        Await.until("it is gone", () -> server.connections() == 0);
        assertTrue(transport.isClosed());
    }

    /** EMFILE and its kin. */
    @Test
    void failuresToAcceptAreToldOncePerEpisodeAndTheServerGoesOn() {
        List<Stream> streams = new CopyOnWriteArrayList<>();
        server.onConnection(streams::add);
        listen();
        for (int i = 0; i < 4; i++) {
            script.add(new SocketException("Too many open files"));
        }
        script.add(new FakeTransport());
        Await.until("a stream is there", () -> streams.size() == 1);
        assertEquals(1, errors.size(), "one episode");
        NetException error = assertInstanceOf(NetException.class, errors.getFirst());
        assertEquals(Code.TOO_MANY_OPEN_FILES, error.code());
        assertEquals("accept fake 192.0.2.1:80: Too many open files", error.getMessage());
        script.add(new SocketException("Too many open files"));
        script.add(new FakeTransport());
        Await.until("another stream is there", () -> streams.size() == 2);
        Await.until("another episode is told", () -> errors.size() == 2);
        streams.forEach(Stream::destroy);
    }

    @Test
    void triesToAcceptAreFurtherAndFurtherApart() {
        listen();
        for (int i = 0; i < 5; i++) {
            script.add(new IOException("failure " + i));
        }
        Await.until("it has tried six times", () -> attempts.size() == 6);
        long wait = TimeUnit.MILLISECONDS.toNanos(5);
        for (int i = 1; i < 6; i++) {
            long waited = attempts.get(i) - attempts.get(i - 1);
            assertTrue(waited >= wait, "try " + i + " came after " + waited + " ns");
            wait *= 2;
        }
    }

    @Test
    void uncheckedFailureToAcceptDoesNotEndTheServer() {
        List<Stream> streams = new CopyOnWriteArrayList<>();
        server.onConnection(streams::add);
        listen();
        script.add(new IllegalStateException("bug in the provider"));
        script.add(new FakeTransport());
        Await.until("a stream is there", () -> streams.size() == 1);
        streams.forEach(Stream::destroy);
    }

    @Test
    void closeDuringTheBackOffEndsItAtOnce() throws Exception {
        listen();
        for (int i = 0; i < 12; i++) {
            script.add(new IOException("failure"));
        }
        // The waits are 5 ms, 10 ms, ... up to a second by now.
        Await.until("it waits for long", () -> attempts.size() >= 8);
        server.close();
        Await.value("the server is closed", server.closed());
        assertEquals(List.of("listening", "error", "close"), events);
        assertFalse(acceptor.isOpen());
    }

    @Test
    void closeWhileBindingClosesWhatWasBoundAndNeverTellsListening() throws Exception {
        binding = new Gate();
        listen();
        binding.awaitReached("binding");
        server.close();
        assertNull(server.address());
        binding.open();
        Await.value("the server is closed", server.closed());
        assertFalse(acceptor.isOpen());
        assertEquals(List.of("close"), events);
        assertThrows(IllegalStateException.class, () -> Await.value("bound fails", server.bound()));
    }

    @Test
    void failureToBindWhileClosingIsNoError() throws Exception {
        Gate gate = new Gate();
        binding = gate;
        listen();
        gate.awaitReached("binding");
        server.close();
        bindFailure = new BindException("Address already in use");
        gate.open();
        Await.value("the server is closed", server.closed());
        assertEquals(List.of("close"), events);
    }

    @Test
    void failureToBindIsAnErrorAndTheServerMayListenAgain() throws Exception {
        bindFailure = new BindException("Address already in use");
        listen();
        NetException error = assertThrows(NetException.class, () -> Await.value("bound fails", server.bound()));
        assertEquals("listen tcp 192.0.2.1:80: Address already in use", error.getMessage());
        Await.until("error is told", () -> events.contains("error"));
        assertNull(server.address());
        bindFailure = null;
        Hooks.listen(server, HERE, new FakeListener());
        assertEquals(HERE, Await.value("it listens", server.bound()));
        assertEquals(HERE, server.address());
    }

    @Test
    void listenTwiceThrows() throws Exception {
        listen();
        Await.value("it listens", server.bound());
        assertThrows(IllegalStateException.class, () -> server.listen(0));
    }

    @Test
    void clientBeyondTheMaximumSeesAnEndAndIsReadFrom() {
        server.setMaxConnections(0);
        listen();
        FakeTransport transport = new FakeTransport();
        script.add(transport);
        Await.until("FIN is sent", transport::hasFin);
        assertFalse(transport.isClosed(), "the client may still be sending");
        transport.arrive("a request");
        transport.peerEnds();
        Await.until("it is closed when the client has ended", transport::isClosed);
    }

    @Test
    void refusedClientThatNeverEndsIsClosedAfterAWhile() {
        server.setMaxConnections(0);
        listen();
        FakeTransport transport = new FakeTransport();
        script.add(transport);
        Await.until("it is closed", transport::isClosed);
    }

    @Test
    void refusedClientThatSendsForEverIsClosedAfterAWhile() {
        server.setMaxConnections(0);
        listen();
        FakeTransport transport = new FakeTransport();
        transport.arrive(new byte[200_000]);
        script.add(transport);
        Await.until("it is closed", transport::isClosed);
    }
}
