// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import dev.weft.net.Action;
import dev.weft.net.Event;
import dev.weft.net.Listener;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * A transport as one test uses it: makes servers on free addresses, streams connected to them, and {@link Peer}s, and has
 * all of them closed when the test is over. Servers, and the streams that they accept, belong to the test's
 * {@link TestScope} from the start.
 */
public final class Wire {
    /** More than a backlog of one takes, on any system. */
    private static final int BACKLOG_FILLERS = 8;

    private static final int ROUND_TRIPS = 3;

    private final Transports transport;
    private final TestScope scope;
    private final Place place;
    private final Executor executor;

    /** Null for plain text. */
    private final WireSecurity security;

    Wire(Transports transport, TestScope scope, Place place, Executor executor, WireSecurity security) {
        this.security = security;
        if (security != null) {
            scope.setSecured();
        }
        this.transport = transport;
        this.scope = scope;
        this.place = place;
        this.executor = executor;
    }

    // -- What applies. --

    /** Whether each stream delivers its events on threads of its own, so that its listeners may block. */
    public boolean listenersMayBlock() {
        return executor == null;
    }

    /** Whether addresses have a host and a port. */
    public boolean hasPorts() {
        return place.host() != null;
    }

    /** Whether a reset is told from an end. */
    public boolean hasReset() {
        return hasPorts();
    }

    /** {@return the literal address that both ends have; null where {@link #hasPorts()} is false} */
    public String host() {
        return place.host();
    }

    /** {@return what messages of {@link dev.weft.net.NetException}s call the transport} */
    public String protocol() {
        return place.protocol();
    }

    /** {@return an address as messages write it} */
    public String text(int port) {
        return (host().contains(":") ? "[" + host() + "]" : host()) + ":" + port;
    }

    /** Whether the kernel tells about keep-alive timers of this transport. */
    public boolean showsKeepAlive() {
        return hasPorts() && Files.isReadable(Path.of("/proc/self/net/tcp"));
    }

    /**
     * Waits until the kernel would probe the peer of an open stream within so many seconds and no less than half of that.
     *
     * @param seconds -1 for never
     */
    public void awaitKeepAlive(Stream stream, long seconds) {
        OptionalLong[] last = new OptionalLong[1];
        Await.until(() -> "keep-alive within " + seconds + " s of " + stream + ", the kernel says " + last[0], () -> {
            last[0] = OpenSockets.keepAliveSeconds(stream.localPort(), stream.remotePort());
            return last[0].isPresent()
                    && last[0].getAsLong() <= seconds
                    && last[0].getAsLong() >= Math.min(seconds, seconds / 2);
        });
    }

    /** Whether streams are secured: what is written waits for the handshake, and so {@code write} is false until then. */
    public boolean isSecured() {
        return security != null;
    }

    /**
     * {@return events, and those that follow if the other end goes away without a word: that is an end, but over TLS a cut}
     */
    public String[] whenCut(String... events) {
        List<String> all = new ArrayList<>(List.of(events));
        all.addAll(isSecured() ? List.of("error", "close(true)") : List.of("end", "close(false)"));
        return all.toArray(String[]::new);
    }

    // -- Servers. --

    /** {@return a server that does not listen yet} */
    public Server server() {
        return server(options -> options, stream -> {});
    }

    /** {@return a server that does not listen yet} */
    public Server server(UnaryOperator<ServerOptions> change, Listener<? super Stream> onConnection) {
        ServerOptions options = change.apply(ServerOptions.defaults().dispatcher(executor));
        Server server = Net.createServer(options, scope::add);
        if (security != null) {
            security.secureAccepted(server);
        }
        server.onConnection(onConnection);
        return scope.add(server);
    }

    /** {@return a server that listens on a free address} */
    public Server listening(Listener<? super Stream> onConnection) {
        return listening(options -> options, onConnection);
    }

    /** {@return a server that listens on a free address} */
    public Server listening(UnaryOperator<ServerOptions> change, Listener<? super Stream> onConnection) {
        return listen(server(change, onConnection));
    }

    /** Has a server listen on a free address and waits until it does. */
    public Server listen(Server server) {
        startListening(server);
        Object unused = Await.value("the server is bound", server.bound());
        return server;
    }

    /** Has a server listen on a free address, without waiting. */
    public Server startListening(Server server) {
        return startListening(server, () -> {});
    }

    /** Has a server listen on a free address, with a listener for that. */
    public Server startListening(Server server, Action listening) {
        place.listen(server, listening);
        return server;
    }

    /** Has a server listen on the address that another one has, or had. */
    public Server startListening(Server server, SocketAddress address) {
        return startListening(server, address, () -> {});
    }

    /** Has a server listen on the address that another one has, or had, with a listener for that. */
    public Server startListening(Server server, SocketAddress address, Action listening) {
        place.listen(server, address, listening);
        return server;
    }

    // -- Streams. --

    /** {@return a stream that is not connected} */
    public Stream stream() {
        return stream(options -> options);
    }

    /** {@return a stream that is not connected} */
    public Stream stream(UnaryOperator<StreamOptions> change) {
        return scope.add(Net.createStream(change.apply(StreamOptions.defaults().dispatcher(executor))));
    }

    /** Begins to connect a stream to a server. */
    public Stream connect(Stream stream, Server server) {
        return connect(stream, Objects.requireNonNull(server.address(), "the server does not listen"));
    }

    /** Begins to connect a stream to where a server is, or was. */
    public Stream connect(Stream stream, SocketAddress address) {
        if (security != null) {
            security.secureConnecting(stream);
        }
        place.connect(stream, address);
        return stream;
    }

    /** Begins to connect a stream to a host by name. */
    public Stream connect(Stream stream, int port, String host) {
        if (security != null) {
            security.secureConnecting(stream);
        }
        return stream.connect(port, host);
    }

    /** Begins to connect a stream to a peer. */
    public Stream connect(Stream stream, PeerListener listener) {
        return connect(stream, listener.address());
    }

    private void awaitSecured(Stream stream) {
        if (security != null) {
            Await.until("it is secured: " + stream, () -> stream.secureSession() != null);
        }
    }

    /** {@return the events of a stream that is connected to a server, or about to be, from the first on} */
    public Events clientEvents(Server server) {
        Stream stream = stream();
        Events events = Events.of(scope, stream);
        connect(stream, server);
        return events;
    }

    /** {@return a stream that is connected to a server, or about to be} */
    public Stream client(Server server) {
        return connect(stream(), server);
    }

    /**
     * Connects a stream to a peer and does something while it is connecting: in a listener, so that {@code connect} cannot
     * be told before that returns. For that the stream fails to connect once before.
     */
    public Events connectAnd(Stream stream, PeerListener listener, Await.Body meanwhile) throws IOException {
        CompletableFuture<Events> result = new CompletableFuture<>();
        stream.once(Event.ERROR, error -> {});
        stream.once(Event.CLOSE, hadError -> {
            try {
                Events events = Events.of(scope, stream);
                connect(stream, listener);
                meanwhile.run();
                result.complete(events);
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        connect(stream, nowhere());
        return Await.value("a stream that is connecting", result);
    }

    /** {@return an address on which nobody listens, and nobody will as long as the test runs} */
    public SocketAddress nowhere() throws IOException {
        return place.nowhere();
    }

    /** {@return an address where connecting neither succeeds nor fails: a backlog is full there} */
    public SocketAddress blackHole() throws IOException {
        ServerSocketChannel full = scope.add(place.openListener());
        full.bind(place.free(), 1);
        for (int i = 0; i < BACKLOG_FILLERS; i++) {
            SocketChannel filler = scope.add(place.openPeer());
            filler.configureBlocking(false);
            try {
                place.dial(filler, full.getLocalAddress());
            } catch (SocketException e) {
                break; // a Unix socket says that it is full
            }
        }
        return full.getLocalAddress();
    }

    /** Has bytes go there and back over another connection, so that what was under way before has had its time. */
    public void settle() {
        for (int i = 0; i < ROUND_TRIPS; i++) {
            Server echo = listening(stream -> stream.onData(stream::write));
            Events events = clientEvents(echo);
            events.stream().end("settle");
            events.awaitText("settle").awaitClose();
            echo.close();
            Object unused = Await.value("the server is closed", echo.closed());
        }
    }

    // -- Peers. --

    /** {@return a peer that is connected to a server} */
    public Peer dial(Server server) throws IOException {
        return dial(server, 0);
    }

    /** {@return a peer that is connected to a server and has a receive buffer of that size} */
    public Peer dial(Server server, int receiveBuffer) throws IOException {
        SocketChannel channel = scope.add(place.openPeer());
        if (receiveBuffer > 0) {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, receiveBuffer);
        }
        place.dial(channel, Objects.requireNonNull(server.address(), "the server does not listen"));
        return scope.add(WireSecurity.peer(security, channel, true));
    }

    /** {@return a peer that waits for streams} */
    public PeerListener peerListener() throws IOException {
        return peerListener(0);
    }

    /** {@return a peer that waits for streams, with a receive buffer of that size on each connection} */
    public PeerListener peerListener(int receiveBuffer) throws IOException {
        ServerSocketChannel channel = scope.add(place.openListener());
        if (receiveBuffer > 0) {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, receiveBuffer);
        }
        channel.bind(place.free());
        return scope.add(new PeerListener(channel, scope, security));
    }

    // -- Both ends. --

    /** Two connected streams. */
    public record Pair(Stream client, Events clientEvents, Stream server, Events serverEvents, Server listening) {}

    /** {@return two connected streams; both have heard {@code connect}} */
    public Pair pair() {
        return pair(options -> options, options -> options);
    }

    /** {@return two connected streams that stay half open} */
    public Pair halfOpenPair() {
        return pair(options -> options.allowHalfOpen(true), options -> options.allowHalfOpen(true));
    }

    /** {@return two connected streams; both have heard {@code connect}} */
    public Pair pair(UnaryOperator<StreamOptions> clientSide, UnaryOperator<ServerOptions> serverSide) {
        LinkedBlockingQueue<Events> accepted = new LinkedBlockingQueue<>();
        Server server = listening(serverSide, stream -> accepted.add(Events.of(scope, stream)));
        Stream client = stream(clientSide);
        Events clientEvents = Events.of(scope, client);
        connect(client, server);
        clientEvents.await("connect");
        Events serverEvents = take("the server accepts", accepted);
        serverEvents.await("connect");
        awaitSecured(client);
        awaitSecured(serverEvents.stream());
        return new Pair(client, clientEvents, serverEvents.stream(), serverEvents, server);
    }

    /** A stream that a server has accepted, and its peer. */
    public record Accepted(Stream stream, Events events, Peer peer, Server listening) {}

    /** {@return an accepted stream that has heard {@code connect}, and its peer} */
    public Accepted accepted(UnaryOperator<ServerOptions> serverSide, int peerReceiveBuffer) throws IOException {
        LinkedBlockingQueue<Events> accepted = new LinkedBlockingQueue<>();
        Server server = listening(serverSide, stream -> accepted.add(Events.of(scope, stream)));
        Peer peer = dial(server, peerReceiveBuffer);
        Events events = take("the server accepts", accepted);
        events.await("connect");
        awaitSecured(events.stream());
        peer.awaitSecured();
        return new Accepted(events.stream(), events, peer, server);
    }

    /** {@return an accepted stream that has heard {@code connect}, and its peer} */
    public Accepted accepted() throws IOException {
        return accepted(options -> options, 0);
    }

    /** A stream that has connected to a peer. */
    public record Connected(Stream stream, Events events, Peer peer) {}

    /** {@return a client that has heard {@code connect}, and its peer} */
    public Connected connected(UnaryOperator<StreamOptions> change, int peerReceiveBuffer) throws IOException {
        PeerListener listener = peerListener(peerReceiveBuffer);
        Stream stream = stream(change);
        Events events = Events.of(scope, stream);
        connect(stream, listener);
        Peer peer = listener.accept();
        events.await("connect");
        awaitSecured(stream);
        peer.awaitSecured();
        return new Connected(stream, events, peer);
    }

    /** {@return a client that has heard {@code connect}, and its peer} */
    public Connected connected() throws IOException {
        return connected(options -> options, 0);
    }

    private static <T> T take(String what, LinkedBlockingQueue<T> queue) {
        try {
            T element = queue.poll(Await.LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            if (element == null) {
                throw new AssertionError("not within " + Await.LIMIT.toSeconds() + " s: " + what);
            }
            return element;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting: " + what, e);
        }
    }

    @Override
    public String toString() {
        return transport.toString();
    }
}
