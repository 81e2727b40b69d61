// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.Action;
import dev.weft.net.CloseListener;
import dev.weft.net.Credentials;
import dev.weft.net.Encoding;
import dev.weft.net.Event;
import dev.weft.net.Listener;
import dev.weft.net.NetException;
import dev.weft.net.PeerCertificate;
import dev.weft.net.ReadyState;
import dev.weft.net.Registration;
import dev.weft.net.SecureSession;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;
import dev.weft.net.spi.SecureTransport;
import dev.weft.net.spi.SecurityProvider;
import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * What the program holds: listeners and settings, which outlive a connection, and the current {@link Connection}, to which
 * the rest is passed on.
 */
final class LoomStream implements Stream {
    /** Events that wait for their first listener; the others are worth nothing later. */
    private static final int REMEMBERED =
            bit(Event.CONNECT) | bit(Event.SECURE) | bit(Event.END) | bit(Event.ERROR) | bit(Event.CLOSE);

    private static final long MAX_KEEP_ALIVE_SECONDS = 32767;

    private static final VarHandle UNHEARD;

    static {
        try {
            UNHEARD = MethodHandles.lookup().findVarHandle(LoomStream.class, "unheard", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final StreamOptions options;
    private final @Nullable LoomServer server;
    private final Dispatcher dispatcher;
    private final ListenerTable listeners = new ListenerTable(Event.COUNT);
    private final IdleTimer idleTimer = new IdleTimer(this::idle);

    private volatile @Nullable Connection connection;

    /** The {@link #REMEMBERED} events of this connection that no listener was there for. */
    private volatile int unheard;

    /** Whether pause was called before there was a connection. */
    private volatile boolean startPaused;

    /** What setSecure was given before connect. Guarded by this. */
    private @Nullable Credentials startSecured;

    private volatile @Nullable Encoding encoding;

    /** Of this encoding, and this connection: what it holds of an unfinished character is not for the next one. */
    private volatile @Nullable TextDecoder decoder;

    private volatile @Nullable Boolean noDelay;
    private volatile @Nullable Boolean keepAlive;
    private volatile int keepAliveSeconds;

    // -- Guarded by this; made when asked for. --
    private @Nullable CompletableFuture<Stream> connected;
    private @Nullable CompletableFuture<Void> closed;
    private @Nullable PullInput input;
    private @Nullable PullOutput output;

    /** A stream to connect. */
    LoomStream(StreamOptions options) {
        this(options, null);
    }

    /** A stream that a server has accepted; {@link #accepted} follows. */
    LoomStream(StreamOptions options, @Nullable LoomServer server) {
        this.options = options;
        this.server = server;
        this.dispatcher = new Dispatcher(options.dispatcher(), this::destroy);
    }

    void accepted(Transport transport) {
        Connection accepted = new Connection(this, transport, options.maxQueuedBytes());
        connection = accepted;
        idleTimer.start();
        accepted.start();
    }

    // -- Connecting. --

    @Override
    public Stream connect(int port) {
        return connect(port, "127.0.0.1");
    }

    @Override
    public Stream connect(int port, String host) {
        return connect(Names.address(port, Objects.requireNonNull(host, "host")));
    }

    @Override
    public Stream connect(String path) {
        return connect(Names.unix(path));
    }

    @Override
    public Stream connect(SocketAddress remote) {
        Dialer dialer = new Dialer(Objects.requireNonNull(remote, "remote"));
        Connection next = new Connection(this, dialer, options.maxQueuedBytes());
        synchronized (this) {
            Connection last = connection;
            if (last != null && !last.isCloseTold()) {
                throw new IllegalStateException(
                        last.isClosed()
                                ? "connect: " + this + " has not told close yet"
                                : "connect: " + this + " is " + last.readyState());
            }
            if (last != null) {
                // These stood for the last connection; before the first one, they stand for it.
                connected = null;
                closed = null;
            }
            unheard = 0;
            setEncoding(encoding);
            if (startPaused) {
                next.reader().pause();
            }
            startPaused = false;
            if (startSecured != null) {
                next.setSecure(startSecured, ByteBuffer.allocate(0));
                startSecured = null;
            }
            connection = next;
        }
        idleTimer.start();
        next.start(options.connectTimeout());
        return this;
    }

    // -- Listeners. --

    @Override
    public Registration onConnect(Action listener) {
        return onAction(Event.CONNECT, listener);
    }

    @Override
    public Registration onSecure(Action listener) {
        return onAction(Event.SECURE, listener);
    }

    @Override
    public Registration onData(Listener<? super ByteBuffer> listener) {
        return on(Event.DATA, listener);
    }

    @Override
    public Registration onRead(Listener<? super ByteBuffer> listener) {
        return on(Event.READ, listener);
    }

    @Override
    public Registration onText(Listener<? super String> listener) {
        if (decoder == null) {
            throw new IllegalStateException("onText: call setEncoding first, or bytes cannot become text");
        }
        return on(Event.TEXT, listener);
    }

    @Override
    public Registration onEnd(Action listener) {
        return onAction(Event.END, listener);
    }

    @Override
    public Registration onTimeout(Action listener) {
        return onAction(Event.TIMEOUT, listener);
    }

    @Override
    public Registration onDrain(Action listener) {
        return onAction(Event.DRAIN, listener);
    }

    @Override
    public Registration onError(Listener<? super Throwable> listener) {
        return on(Event.ERROR, listener);
    }

    @Override
    public Registration onClose(CloseListener listener) {
        Objects.requireNonNull(listener, "listener");
        return on(Event.CLOSE, listener::closed);
    }

    private Registration onAction(Event<Stream> event, Action listener) {
        Objects.requireNonNull(listener, "listener");
        return on(event, stream -> listener.run());
    }

    @Override
    public <T> Registration on(Event<T> event, Listener<? super T> listener) {
        return added(event, listeners.add(event.index(), Objects.requireNonNull(listener, "listener")));
    }

    @Override
    public <T> Registration once(Event<T> event, Listener<? super T> listener) {
        return added(event, listeners.addOnce(event.index(), Objects.requireNonNull(listener, "listener")));
    }

    private Registration added(Event<?> event, Registration registration) {
        if ((unheard & bit(event)) != 0) {
            dispatcher.post(this::tellUnheard);
        }
        Connection current = connection;
        if (current != null && (event == Event.DATA || event == Event.READ || event == Event.TEXT)) {
            current.reader().wake();
        }
        return registration;
    }

    @Override
    public <T> void removeListener(Event<T> event, Listener<? super T> listener) {
        listeners.remove(event.index(), listener);
    }

    @Override
    public int listenerCount(Event<?> event) {
        return listeners.of(event.index()).length;
    }

    boolean hasDataListener() {
        return listeners.has(Event.DATA.index())
                || listeners.has(Event.READ.index())
                || listeners.has(Event.TEXT.index());
    }

    // -- Delivering; all of it on the dispatcher. --

    void deliverAccepted() {
        LoomServer acceptedBy = server;
        if (acceptedBy != null) {
            tell(acceptedBy.connectionListeners(), this);
        }
    }

    void deliverConnect() {
        Connection current = connection;
        if (current == null || current.isClosed()) {
            return;
        }
        CompletableFuture<Stream> future;
        synchronized (this) {
            future = connected;
        }
        if (future != null) {
            future.complete(this);
        }
        deliver(Event.CONNECT, this);
    }

    void deliverSecure() {
        deliver(Event.SECURE, this);
    }

    /**
     * @param bytes lent by the reader
     */
    void deliverData(ByteBuffer bytes, Reader reader) {
        Listener<?>[] list = listenersInTurn(Event.DATA);
        if (!lend(bytes, listeners.of(Event.READ.index()))) {
            return;
        }
        TextDecoder text = decoder;
        String decoded = text == null ? "" : text.decode(bytes);
        ByteBuffer owned = list.length == 0 ? bytes : reader.own(bytes);
        for (int i = 0; i < list.length; i++) {
            // Each listener owns its buffer, so all but the last get a copy.
            ByteBuffer own = i == list.length - 1 ? owned : copy(owned);
            if (!tellOne(list[i], own)) {
                return;
            }
        }
        if (!decoded.isEmpty()) {
            tell(listeners.of(Event.TEXT.index()), decoded);
        }
    }

    /** False if a listener has thrown. */
    private boolean lend(ByteBuffer bytes, Listener<?>[] borrowers) {
        if (borrowers.length == 0) {
            return true;
        }
        Buffers.beginLending();
        try {
            for (Listener<?> borrower : borrowers) {
                if (!tellOne(borrower, bytes.duplicate())) {
                    return false;
                }
            }
            return true;
        } finally {
            Buffers.endLending();
        }
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(bytes.position(), copy);
        return ByteBuffer.wrap(copy);
    }

    void deliverEnd() {
        TextDecoder text = decoder;
        String rest = text == null ? "" : text.end();
        if (!rest.isEmpty()) {
            tell(listeners.of(Event.TEXT.index()), rest);
        }
        deliver(Event.END, this);
    }

    void deliverDrain() {
        deliver(Event.DRAIN, this);
    }

    private void deliverTimeout() {
        Connection current = connection;
        if (current != null && !current.isClosed()) {
            deliver(Event.TIMEOUT, this);
        }
    }

    void deliverClose(Connection over) {
        Throwable failure = over.failure();
        failConnected(over, failure);
        if (failure != null) {
            if (!listeners.has(Event.ERROR.index())) {
                Log.unheard(this, failure);
            }
            deliver(Event.ERROR, failure);
        }
        Listener<?>[] list = listenersInTurn(Event.CLOSE);
        CompletableFuture<Void> future;
        synchronized (this) {
            // Made now at the latest: a close listener may connect again, and then the next one to ask gets another.
            future = closed == null ? new CompletableFuture<>() : closed;
            closed = future;
            if (list.length == 0) {
                // Before any thread can connect again, which forgets it: it is not for the next connection's listeners.
                UNHEARD.getAndBitwiseOr(this, bit(Event.CLOSE));
            }
            over.setCloseTold();
        }
        if (list.length == 0) {
            // A listener that came in between may not have seen the bit.
            tellUnheard();
        } else {
            tell(list, failure != null);
        }
        future.complete(null);
        if (server != null && over.isAccepted()) {
            server.streamClosed();
        }
    }

    private void failConnected(Connection over, @Nullable Throwable failure) {
        CompletableFuture<Stream> future;
        synchronized (this) {
            if (connected == null && over.wasOpened()) {
                return;
            }
            future = connected == null ? new CompletableFuture<>() : connected;
            connected = future;
        }
        // Without effect if it was connected. It may have been opened and closed before connect could be told.
        future.completeExceptionally(failure == null ? neverConnected(over) : failure);
    }

    private NetException neverConnected(Connection over) {
        return new NetException(
                NetException.Code.OTHER,
                Errors.message("connect", over.protocol(), null, over.remoteAddress(), "the stream was closed"),
                null);
    }

    private <T> void deliver(Event<T> event, T detail) {
        Listener<?>[] list = listenersInTurn(event);
        int bit = bit(event);
        if ((REMEMBERED & bit) != 0 && list.length == 0) {
            UNHEARD.getAndBitwiseOr(this, bit);
            // A listener that came in between may not have seen the bit.
            tellUnheard();
        } else {
            tell(list, detail);
        }
    }

    /**
     * Tells what is unheard and has got a listener before those of this event came: who registers in the order of the events
     * hears them in that order.
     */
    @SuppressWarnings("ReferenceEquality") // a change makes another list
    private Listener<?>[] listenersInTurn(Event<?> event) {
        for (; ; ) {
            Listener<?>[] list = listeners.of(event.index());
            tellUnheard();
            if (list == listeners.of(event.index())) {
                return list;
            }
        }
    }

    /** What has got a listener meanwhile, in the order in which it happened: before anything that happened later. */
    private void tellUnheard() {
        int bits = unheard;
        if (bits == 0) {
            return;
        }
        // Looks for listeners of the last event first: if they are there, those that were added before them are, too.
        int heard = 0;
        for (int event = Event.COUNT - 1; event >= 0; event--) {
            heard |= (bits & (1 << event)) != 0 && listeners.has(event) ? 1 << event : 0;
        }
        for (int event = 0; heard >>> event != 0; event++) {
            if ((heard & (1 << event)) != 0 && forget(1 << event)) {
                Object detail = unheardDetail(event);
                if (detail != null) {
                    tell(listeners.of(event), detail);
                }
            }
        }
    }

    private @Nullable Object unheardDetail(int event) {
        Connection current = connection;
        Throwable failure = current == null ? null : current.failure();
        if (event == Event.ERROR.index()) {
            return failure;
        }
        return event == Event.CLOSE.index() ? (Object) (failure != null) : this;
    }

    /** Whether it was unheard until now. */
    private boolean forget(int bit) {
        return ((int) UNHEARD.getAndBitwiseAnd(this, ~bit) & bit) != 0;
    }

    private void tell(Listener<?>[] list, Object detail) {
        for (Listener<?> listener : list) {
            if (!tellOne(listener, detail)) {
                return;
            }
        }
    }

    /** A listener that throws ends its stream, and those after it are not called. */
    @SuppressWarnings("unchecked") // registered for this event, and so for its kind of detail
    private boolean tellOne(Listener<?> listener, Object detail) {
        try {
            ((Listener<Object>) listener).handle(detail);
            return true;
        } catch (Throwable thrown) {
            Connection current = connection;
            if (current == null) {
                Log.listenerFailed(this, thrown);
            } else {
                current.listenerFailed(thrown);
            }
            return false;
        }
    }

    private static int bit(Event<?> event) {
        return 1 << event.index();
    }

    // -- What the connection needs. --

    Dispatcher dispatcher() {
        return dispatcher;
    }

    IdleTimer idleTimer() {
        return idleTimer;
    }

    boolean allowsHalfOpen() {
        return options.allowHalfOpen();
    }

    void connectionClosed(Connection closing) {
        if (server != null && closing.isAccepted()) {
            server.streamClosing();
        }
    }

    private void idle() {
        dispatcher.postFromTimer(this::deliverTimeout);
    }

    // -- State. --

    @Override
    public @Nullable String remoteAddress() {
        return Addresses.host(peer());
    }

    @Override
    public int remotePort() {
        return Addresses.port(peer());
    }

    private @Nullable SocketAddress peer() {
        Connection current = connection;
        return current == null ? null : current.peerAddress();
    }

    @Override
    public @Nullable String localAddress() {
        return Addresses.host(local());
    }

    @Override
    public int localPort() {
        return Addresses.port(local());
    }

    private @Nullable SocketAddress local() {
        Connection current = connection;
        return current == null ? null : current.localAddress();
    }

    @Override
    public <T> Optional<T> feature(Class<T> type) {
        Objects.requireNonNull(type, "type");
        Connection current = connection;
        return Optional.ofNullable(current == null ? null : current.feature(type));
    }

    @Override
    public ReadyState readyState() {
        Connection current = connection;
        return current == null ? ReadyState.CLOSED : current.readyState();
    }

    @Override
    public long bytesRead() {
        Connection current = connection;
        return current == null ? 0 : current.bytesRead();
    }

    @Override
    public long bytesWritten() {
        Connection current = connection;
        return current == null ? 0 : current.writes().accepted();
    }

    @Override
    public long bufferedBytes() {
        Connection current = connection;
        return current == null ? 0 : current.writes().queued();
    }

    @Override
    public synchronized CompletableFuture<Stream> connected() {
        if (connected == null) {
            connected = new CompletableFuture<>();
            Connection current = connection;
            if (current != null && current.wasOpened() && !current.isOpening()) {
                connected.complete(this);
            }
        }
        return connected.copy();
    }

    @Override
    public synchronized CompletableFuture<Void> closed() {
        if (closed == null) {
            closed = new CompletableFuture<>();
        }
        return closed.copy();
    }

    // -- Settings. --

    @Override
    public Stream setEncoding(@Nullable Encoding encoding) {
        this.encoding = encoding;
        decoder = encoding == null ? null : new TextDecoder(encoding);
        return this;
    }

    @Override
    public Stream setTimeout(long millis) {
        if (millis < 0) {
            throw new IllegalArgumentException("timeout < 0: " + millis);
        }
        idleTimer.setTimeout(TimeUnit.MILLISECONDS.toNanos(millis));
        return this;
    }

    @Override
    public Stream setTimeout(Duration timeout) {
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("timeout < 0: " + timeout);
        }
        // TimeUnit, unlike Duration.toNanos, saturates
        idleTimer.setTimeout(TimeUnit.NANOSECONDS.convert(timeout));
        return this;
    }

    @Override
    public Stream setNoDelay() {
        return setNoDelay(true);
    }

    @Override
    public Stream setNoDelay(boolean on) {
        noDelay = on;
        applyIfOpen();
        return this;
    }

    @Override
    public Stream setKeepAlive() {
        return setKeepAlive(false);
    }

    @Override
    public Stream setKeepAlive(boolean on) {
        return setKeepAlive(on, 0);
    }

    @Override
    public Stream setKeepAlive(boolean on, long initialDelayMillis) {
        if (initialDelayMillis < 0 || initialDelayMillis > MAX_KEEP_ALIVE_SECONDS * 1000) {
            throw new IllegalArgumentException(
                    "initialDelay not within 0 to " + MAX_KEEP_ALIVE_SECONDS * 1000 + " ms: " + initialDelayMillis);
        }
        keepAlive = on;
        if (initialDelayMillis != 0) {
            keepAliveSeconds = (int) Math.ceilDiv(initialDelayMillis, 1000);
        }
        applyIfOpen();
        return this;
    }

    private void applyIfOpen() {
        Connection current = connection;
        if (current != null && current.wasOpened() && !current.isClosed()) {
            applySocketSettings(current.transport());
        }
    }

    /** Sets what was asked for. A connection that fails meanwhile tells so itself. */
    void applySocketSettings(Transport transport) {
        try {
            Boolean nagleOff = noDelay;
            if (nagleOff != null) {
                transport.setOption(StandardSocketOptions.TCP_NODELAY, nagleOff);
            }
            Boolean probing = keepAlive;
            if (probing != null) {
                transport.setOption(StandardSocketOptions.SO_KEEPALIVE, probing);
                if (probing && keepAliveSeconds != 0) {
                    transport.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, keepAliveSeconds);
                }
            }
        } catch (IOException e) {
            Log.debug(this + ": socket options", e);
        }
    }

    /** Small writes in a row, as handshakes and records are, would each wait for an acknowledgement; unless that was chosen. */
    void applySecureSettings(Transport transport) {
        try {
            if (noDelay == null) {
                transport.setOption(StandardSocketOptions.TCP_NODELAY, true);
            }
        } catch (IOException e) {
            Log.debug(this + ": socket options", e);
        }
    }

    @Override
    public Stream setSecure() {
        return setSecure(Credentials.builder().build());
    }

    @Override
    public Stream setSecure(Credentials credentials) {
        return setSecure(credentials, ByteBuffer.allocate(0));
    }

    @Override
    public Stream setSecure(Credentials credentials, ByteBuffer received) {
        SecurityProvider.installed();
        Objects.requireNonNull(credentials, "credentials");
        Objects.requireNonNull(received, "received");
        Connection current;
        synchronized (this) {
            current = connection;
            if (current == null || current.isCloseTold()) {
                if (startSecured != null || received.hasRemaining()) {
                    throw new IllegalStateException(
                            startSecured != null
                                    ? "setSecure: " + this + " is to be secured already"
                                    : "setSecure: " + this + " has received nothing, and is given bytes");
                }
                startSecured = credentials;
                return this;
            }
        }
        current.setSecure(credentials, received);
        return this;
    }

    @Override
    public boolean verifyPeer() {
        SecureTransport secured = secured();
        return secured != null && secured.verifyPeer();
    }

    @Override
    public @Nullable PeerCertificate getPeerCertificate() {
        SecureTransport secured = secured();
        return secured == null ? null : secured.peerCertificate();
    }

    @Override
    public @Nullable SecureSession secureSession() {
        SecureTransport secured = secured();
        return secured == null ? null : secured.session();
    }

    /** Null if there is no connection yet; what is to come counts, not what was. */
    private @Nullable SecureTransport secured() {
        Connection current;
        synchronized (this) {
            if (startSecured != null) {
                return null;
            }
            current = connection;
        }
        if (current == null || !current.isToBeSecured()) {
            throw new IllegalStateException(this + " is not secured: call setSecure");
        }
        return current.secured();
    }

    // -- Writing and ending. --

    @Override
    public boolean write(String text) {
        return write(text, Encoding.UTF8);
    }

    @Override
    public boolean write(String text, Encoding encoding) {
        return write(TextEncoder.encode(text, encoding));
    }

    @Override
    public boolean write(byte[] bytes) {
        return write(ByteBuffer.wrap(bytes));
    }

    @Override
    public boolean write(ByteBuffer bytes) {
        Objects.requireNonNull(bytes, "bytes");
        Connection current = connection;
        if (current == null) {
            throw new IllegalStateException("write: the stream was never connected, call connect first");
        }
        if (current.isEndedByProgram()) {
            throw new IllegalStateException("write: " + this + " was ended by end()");
        }
        return current.writes().write(bytes);
    }

    @Override
    public Stream end() {
        Connection current = connection;
        if (current != null) {
            current.end();
        }
        return this;
    }

    @Override
    public Stream end(String text) {
        return end(text, Encoding.UTF8);
    }

    @Override
    public Stream end(String text, Encoding encoding) {
        return end(ByteBuffer.wrap(TextEncoder.encode(text, encoding)));
    }

    @Override
    public Stream end(ByteBuffer bytes) {
        write(bytes);
        return end();
    }

    // -- Flow. --

    @Override
    public Stream pause() {
        Connection current = connection;
        if (current == null) {
            startPaused = true;
        } else {
            current.reader().pause();
        }
        return this;
    }

    @Override
    public Stream resume() {
        Connection current = connection;
        if (current == null) {
            startPaused = false;
        } else {
            current.reader().resume();
        }
        return this;
    }

    @Override
    public synchronized InputStream inputStream() {
        Connection current = pullable();
        if (input == null || !input.isOf(current)) {
            input = new PullInput(current);
            current.reader().startPulling();
        }
        return input;
    }

    @Override
    public synchronized OutputStream outputStream() {
        Connection current = pullable();
        if (output == null || !output.isOf(current)) {
            output = new PullOutput(current);
        }
        return output;
    }

    @Override
    public Stream pipe(Stream destination) {
        Pipe pipe = new Pipe(this, Objects.requireNonNull(destination, "destination"));
        Threads.start(Threads.PIPE, pipe);
        CompletableFuture<Void> unused = destination.closed().thenRun(pipe::destinationClosed);
        return destination;
    }

    private Connection pullable() {
        Connection current = connection;
        if (current == null) {
            throw new IllegalStateException("the stream was never connected, call connect first");
        }
        return current;
    }

    // -- Closing. --

    @Override
    public void destroy() {
        destroy(null, false);
    }

    @Override
    public void destroy(Throwable cause) {
        destroy(Objects.requireNonNull(cause, "cause"), false);
    }

    @Override
    public void reset() {
        destroy(null, true);
    }

    private void destroy(@Nullable Throwable cause, boolean reset) {
        connectionToClose().close(cause, reset);
    }

    @Override
    public void close() {
        Connection current = connectionToClose();
        if (current.hasBegun()) {
            current.letGo();
        } else {
            current.close(null);
        }
    }

    /** A stream that was never connected tells close like any other: of a connection that has not begun. */
    private synchronized Connection connectionToClose() {
        Connection current = connection;
        if (current == null) {
            current = new Connection(this, options.maxQueuedBytes());
            connection = current;
        }
        return current;
    }

    @Override
    public String toString() {
        Connection current = connection;
        if (current == null) {
            return "Stream[closed]";
        }
        String from = current.localAddress() == null ? "" : Addresses.text(current.localAddress());
        SocketAddress remote = current.remoteAddress();
        String to = remote == null ? "" : Addresses.text(remote);
        return "Stream[" + current.readyState() + " " + current.protocol() + " " + from + "->" + to + "]";
    }
}
