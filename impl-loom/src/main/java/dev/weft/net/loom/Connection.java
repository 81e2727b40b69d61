// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.Credentials;
import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.ReadyState;
import dev.weft.net.spi.SecureTransport;
import dev.weft.net.spi.SecurityProvider;
import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One life of a {@link LoomStream}, from connecting to close: its {@link Phase}, its transport, a {@link Reader} and a
 * {@link WritePath}. A stream that connects again gets another one, so nothing that is left of the last can touch it.
 */
final class Connection {
    /** How long the reader may take to find what has still arrived before a failed write ends the connection. */
    private static final long LAST_WORDS_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** How often, and how long after each other, a connection that is let go looks whether its reader has come to a rest. */
    private static final int READER_LOOKS = 100;

    private static final long READER_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private static final VarHandle PHASE;
    private static final VarHandle BYTES_READ;

    static {
        try {
            PHASE = MethodHandles.lookup().findVarHandle(Connection.class, "phase", Phase.class);
            BYTES_READ = MethodHandles.lookup().findVarHandle(Connection.class, "bytesRead", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final LoomStream stream;
    private final @Nullable Dialer dialer;
    private final Reader reader;
    private final WritePath writes;

    /** Made when the blocking face is first asked for. */
    private volatile @Nullable Puller puller;

    private volatile Phase phase;
    private volatile @Nullable Transport transport;

    /** What setSecure was given. */
    private volatile @Nullable Credentials credentials;

    /** Held while the layer is made, and there once there are credentials. No monitor: the JDK takes locks meanwhile. */
    private volatile @Nullable ReentrantLock securing;

    /** Laid over the transport when there are credentials and a connection. */
    private volatile @Nullable SecureTransport secure;

    private volatile boolean secureTold;
    private volatile boolean secureConfirmed;

    /** Whether the program has called end(), so that a further write is its error. */
    private volatile boolean endedByProgram;

    /** Whether the program has called close(): nothing more is delivered, and the connection goes when all is flushed. */
    private volatile boolean lettingGo;

    private volatile boolean allWritten;

    /** A write has failed, and the reader looks for what has still arrived. */
    private volatile @Nullable Throwable pendingFailure;

    private volatile @Nullable Future<?> connectTimer;
    private volatile @Nullable Future<?> handshakeTimer;
    private volatile @Nullable Throwable failure;
    private volatile boolean wasOpened;

    /** Set on the dispatcher, and so looked at by it. */
    private boolean connectTold;

    private volatile boolean closeTold;

    /** Written by the one thread that reads; opaque, since a fence for each message is more than a counter is worth. */
    private long bytesRead;

    /** A connection to be opened. */
    Connection(LoomStream stream, Dialer dialer, long maxQueuedBytes) {
        this(stream, dialer, null, Phase.OPENING, maxQueuedBytes);
    }

    /** A connection that a server has accepted. */
    Connection(LoomStream stream, Transport accepted, long maxQueuedBytes) {
        this(stream, null, accepted, Phase.OPEN, maxQueuedBytes);
    }

    /** A connection that nobody has asked for, to be closed. */
    Connection(LoomStream stream, long maxQueuedBytes) {
        this(stream, null, null, Phase.OPENING, maxQueuedBytes);
    }

    private Connection(
            LoomStream stream,
            @Nullable Dialer dialer,
            @Nullable Transport transport,
            Phase phase,
            long maxQueuedBytes) {
        this.stream = stream;
        this.dialer = dialer;
        this.transport = transport;
        this.phase = phase;
        writes = new WritePath(this, transport != null, maxQueuedBytes);
        reader = new Reader(this);
    }

    void start() {
        reader.start();
    }

    /**
     * @param connectTimeout zero for none
     */
    void start(Duration connectTimeout) {
        if (!connectTimeout.isZero()) {
            connectTimer = Threads.later(
                    TimeUnit.NANOSECONDS.convert(connectTimeout),
                    () -> Threads.start(Threads.DISPATCHER, () -> connectTimedOut(connectTimeout)));
        }
        start();
    }

    private void connectTimedOut(Duration timeout) {
        if (isOpening()) {
            close(new NetException(
                    Code.TIMED_OUT,
                    Errors.message(
                            "connect",
                            protocol(),
                            null,
                            remoteAddress(),
                            "no connection within connectTimeout " + timeout.toMillis() + " ms"),
                    null));
        }
    }

    // -- What the parts of a connection, and its stream, ask of it. --

    Dispatcher dispatcher() {
        return stream.dispatcher();
    }

    Reader reader() {
        return reader;
    }

    WritePath writes() {
        return writes;
    }

    synchronized Puller puller() {
        Puller made = puller;
        if (made == null) {
            made = new Puller(this);
            puller = made;
        }
        return made;
    }

    /** Something has changed that a thread on the blocking face may wait for. */
    void wakePullers() {
        Puller waking = puller;
        if (waking != null) {
            waking.wake();
        }
    }

    /** What to read from. */
    Transport transport() {
        SecureTransport secured = secure;
        return secured == null ? plainTransport() : secured;
    }

    Transport plainTransport() {
        return Objects.requireNonNull(transport, "no transport before the connection is established");
    }

    /** What was laid over the transport while someone read from that, or null. */
    @SuppressWarnings("ReferenceEquality") // a transport is what it is
    @Nullable
    SecureTransport layerOver(Transport readFrom) {
        SecureTransport secured = secure;
        return secured == readFrom ? null : secured;
    }

    SecureTransport securedTransport() {
        return Objects.requireNonNull(secure, "no secured transport before setSecure");
    }

    ReadyState readyState() {
        return phase.readyState;
    }

    boolean isClosed() {
        return phase == Phase.CLOSED;
    }

    /** Whether it is one of the server's; the same stream may connect somewhere else afterwards. */
    boolean isAccepted() {
        return dialer == null && transport != null;
    }

    boolean hasBegun() {
        return dialer != null || transport != null;
    }

    boolean isOpening() {
        return phase.readyState == ReadyState.OPENING;
    }

    boolean isLettingGo() {
        return lettingGo;
    }

    boolean isEndedByProgram() {
        return endedByProgram;
    }

    /** Whether the program may connect again: close was told, or is being told. */
    boolean isCloseTold() {
        return closeTold;
    }

    boolean wasOpened() {
        return wasOpened;
    }

    /** Whether our FIN is on its way, and everything before it. */
    boolean isAllWritten() {
        return allWritten;
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    long bytesRead() {
        return (long) BYTES_READ.getOpaque(this);
    }

    @Nullable
    SocketAddress localAddress() {
        Transport opened = transport;
        return opened == null ? null : opened.localAddress();
    }

    @Nullable
    SocketAddress remoteAddress() {
        Transport opened = transport;
        return opened != null ? opened.remoteAddress() : dialer == null ? null : dialer.target();
    }

    /** The peer's address once there was a connection. */
    @Nullable
    SocketAddress peerAddress() {
        Transport opened = transport;
        return opened == null ? null : opened.remoteAddress();
    }

    <T> @Nullable T feature(Class<T> type) {
        Transport opened = transport;
        return opened == null ? null : opened.feature(type);
    }

    String protocol() {
        Transport opened = transport;
        return opened != null ? opened.protocol() : dialer != null ? dialer.protocol() : "tcp";
    }

    void received(int bytes) {
        BYTES_READ.setOpaque(this, bytesRead + bytes);
        touch();
    }

    void touch() {
        stream.idleTimer().touch();
    }

    /** Whether bytes that have arrived should wait a little: we opened the connection, and the program is not ready. */
    boolean lacksDataListener() {
        return dialer != null && !stream.hasDataListener();
    }

    // -- Opening; by the reader. --

    /** Parks until the connection is established, if it is not. */
    void open() throws IOException {
        if (dialer == null) {
            return;
        }
        Transport opened = dialer.dial(); // parks
        transport = opened;
        if (isClosed()) {
            opened.close();
        }
        stopConnectTimer();
    }

    private void stopConnectTimer() {
        Future<?> timer = connectTimer;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    /** In a turn. */
    void deliverOpened() {
        // Before what follows, so that nothing is lost that is set or secured in between.
        wasOpened = true;
        if (dialer == null) {
            stream.deliverAccepted();
        } else {
            stream.applySocketSettings(plainTransport());
        }
        try {
            secureIfAsked(NOTHING);
        } catch (RuntimeException e) {
            close(e);
            return;
        }
        // Only now: who pulls has waited for that, and must not take what is the layer's.
        advance(Phase::opened);
        reader.wake();
        writes.opened();
        if (!isClosed()) {
            tellConnect();
        }
    }

    private void tellConnect() {
        if (!connectTold) {
            connectTold = true;
            stream.deliverConnect();
        }
    }

    // -- Securing. --

    /** See {@link dev.weft.net.Stream#setSecure(Credentials, ByteBuffer)}. */
    void setSecure(Credentials ours, ByteBuffer received) {
        if (endedByProgram || lettingGo || !hasBegun()) {
            throw new IllegalStateException("setSecure: " + stream + " is not open");
        }
        synchronized (this) {
            if (credentials != null) {
                throw new IllegalStateException("setSecure: " + stream + " is secured already");
            }
            if (phase != Phase.OPENING && phase != Phase.OPEN) {
                // The program cannot know in time what the peer and the network do.
                close(peerHasEnded());
                return;
            }
            securing = new ReentrantLock();
            credentials = ours;
        }
        if (wasOpened) {
            try {
                secureIfAsked(received);
            } catch (RuntimeException e) {
                credentials = null;
                throw e;
            }
        }
        writes.secure();
        reader.wake();
    }

    private NetException peerHasEnded() {
        return new NetException(
                Code.NOT_SECURE,
                Errors.message("secure", protocol(), localAddress(), remoteAddress(), "the peer has ended already"),
                null);
    }

    private void secureIfAsked(ByteBuffer received) {
        Credentials ours = credentials;
        ReentrantLock lock = securing;
        if (ours == null || lock == null) {
            return;
        }
        lock.lock();
        try {
            if (secure == null) {
                secure(ours, received);
            }
        } finally {
            lock.unlock();
        }
    }

    private void secure(Credentials ours, ByteBuffer received) {
        String name = dialer == null ? null : dialer.peerName();
        SecureTransport layer = SecurityProvider.installed()
                .secure(plainTransport(), ours.current(), dialer != null, name, writes::requestFlush);
        if (received.hasRemaining()) {
            // Before the reader sees the layer, and adds what arrives from now on.
            layer.unread(received.duplicate());
        }
        stream.applySecureSettings(plainTransport());
        secure = layer;
        Duration timeout = layer.handshakeTimeout();
        if (!timeout.isZero()) {
            handshakeTimer = Threads.later(
                    TimeUnit.NANOSECONDS.convert(timeout),
                    () -> Threads.start(Threads.DISPATCHER, () -> handshakeTimedOut(timeout)));
            if (isClosed()) {
                stopHandshakeTimer();
            }
        }
    }

    private void handshakeTimedOut(Duration timeout) {
        if (!isClosed() && !securedTransport().isHandshakeDone()) {
            close(new NetException(
                    Code.TIMED_OUT,
                    Errors.message(
                            "secure",
                            protocol(),
                            localAddress(),
                            remoteAddress(),
                            "no handshake within handshakeTimeout " + timeout.toMillis() + " ms"),
                    null));
        }
    }

    private void stopHandshakeTimer() {
        Future<?> timer = handshakeTimer;
        if (timer != null) {
            timer.cancel(false);
            handshakeTimer = null;
        }
    }

    /** The layer that was laid over the connection, or null. */
    @Nullable
    SecureTransport secured() {
        return secure;
    }

    /** Whether the program has asked for that, though there may be no connection yet. */
    boolean isToBeSecured() {
        return credentials != null;
    }

    /** Until the secure listeners have returned. */
    boolean isHandshaking() {
        return secure != null && !secureConfirmed;
    }

    boolean isSecureDue() {
        SecureTransport secured = secure;
        return secured != null && !secureTold && secured.isHandshakeDone();
    }

    /** Whether the secure listeners are being called, and have the say. */
    boolean isTellingSecure() {
        return secureTold && !secureConfirmed;
    }

    String streamText() {
        return stream.toString();
    }

    /** In a turn, or in a task that the reader waits for. */
    void deliverSecureIfDue() {
        if (!isClosed() && isSecureDue()) {
            deliverSecure();
        }
    }

    private void deliverSecure() {
        secureTold = true;
        stopHandshakeTimer();
        // A connection listener that reads on the blocking face gets here before it has returned.
        tellConnect();
        stream.deliverSecure();
        try {
            securedTransport().confirm();
            secureConfirmed = true;
        } catch (IOException | RuntimeException e) {
            close(Errors.of("secure", protocol(), localAddress(), remoteAddress(), e));
        }
        wakePullers();
    }

    // -- Reading. --

    /** In a turn. */
    void deliverData(ByteBuffer bytes) {
        if (!lettingGo) {
            stream.deliverData(bytes, reader);
        }
    }

    /** The peer has ended; in a turn. */
    void deliverEnd() {
        if (isClosed() || failPending()) {
            return;
        }
        advance(Phase::peerEnded);
        if (!lettingGo) {
            stream.deliverEnd();
        }
        if (!stream.allowsHalfOpen()) {
            endOutput();
        }
        closeIfFinished();
    }

    /** Reading, or opening, has failed. Returns what to tell a caller. */
    IOException readFailed(Throwable cause) {
        if (isClosed()) {
            return notReadable();
        }
        Throwable pending = pendingFailure;
        NetException error = cause instanceof NetException told
                ? told
                : Errors.of(isHandshaking() ? "secure" : "read", protocol(), localAddress(), remoteAddress(), cause);
        close(pending == null ? error : pending);
        return error;
    }

    /** A thread on the blocking face was interrupted, for which the JDK closes a channel; so does this. */
    IOException interrupted(String operation) {
        if (!isClosed()) {
            close(new NetException(
                    Code.OTHER,
                    Errors.message(
                            operation, protocol(), localAddress(), remoteAddress(), "the thread was interrupted"),
                    null));
        }
        return closedException(operation);
    }

    IOException notReadable() {
        return closedException("read");
    }

    // -- Writing. --

    void end() {
        endedByProgram = true;
        endOutput();
    }

    private void endOutput() {
        advance(Phase::end);
        writes.end();
    }

    /** Ends, and lets go of the connection as soon as everything is flushed. */
    void letGo() {
        lettingGo = true;
        endOutput();
        if (writes.isFinished()) {
            outputFinished();
        }
        reader.wake();
    }

    /** The write queue has become empty. */
    void drained(boolean onOwnThread) {
        if (onOwnThread) {
            dispatcher().performOrPost(this::deliverDrain);
            // A listener may have left it set, also one that a user's executor has run on this thread.
            Thread.interrupted();
        } else {
            dispatcher().post(this::deliverDrain);
        }
    }

    /** If all is written, close may be on its way already; drain comes before it, or not at all. */
    private void deliverDrain() {
        if (connectTold && !closeTold && (!isClosed() || allWritten)) {
            stream.deliverDrain();
        }
    }

    /** Our FIN is on its way. */
    void outputFinished() {
        allWritten = true;
        if (lettingGo) {
            closeWhenRead(READER_LOOKS);
        } else {
            closeIfFinished();
        }
    }

    /**
     * The reader closes, after it has dropped what is unread, unless it is parked with nothing to read, or gone. That it is
     * parked does not say that there is nothing: the kernel's news may not have reached it. So it is woken, to look again.
     */
    private void closeWhenRead(int looks) {
        if (isClosed()) {
            return;
        }
        if (reader.isGone() || looks == 0 || (looks < READER_LOOKS && reader.isParked())) {
            close(null);
            return;
        }
        boolean away = reader.isAway();
        reader.wake();
        if (!away) {
            Future<?> unused = Threads.later(
                    READER_LOOK_NANOS, () -> Threads.start(Threads.DISPATCHER, () -> closeWhenRead(looks - 1)));
        }
    }

    private void closeIfFinished() {
        if (phase == Phase.FINISHING && writes.isFinished()) {
            close(null);
        }
    }

    /** Writing has failed. Returns what to tell a caller. */
    IOException writeFailed(Throwable cause) {
        if (isClosed()) {
            return notWritable();
        }
        NetException error = Errors.of("write", protocol(), localAddress(), remoteAddress(), cause);
        if (reader.isFlowing() && pendingFailure == null) {
            // What the peer said before it went away has arrived, maybe, and is not lost for our failure to answer.
            pendingFailure = error;
            writes.close();
            reader.wake(); // it may have read the end that follows a reset, and wait to know
            Future<?> unused =
                    Threads.later(LAST_WORDS_NANOS, () -> Threads.start(Threads.DISPATCHER, this::failPending));
        } else {
            close(error);
        }
        return error;
    }

    /** Ends the connection if a write has failed. */
    boolean failPending() {
        Throwable pending = pendingFailure;
        if (pending != null) {
            close(pending);
        }
        return pending != null;
    }

    void queueFull(long queued, int more, long bound) {
        close(new NetException(
                Code.QUEUE_FULL,
                Errors.message(
                        "write",
                        protocol(),
                        localAddress(),
                        remoteAddress(),
                        queued + " bytes are queued already, more than maxQueuedBytes " + bound + " allows, and " + more
                                + " were to follow: the peer does not read, and drain was not waited for"),
                null));
    }

    IOException notWritable() {
        return closedException("write");
    }

    private IOException closedException(String operation) {
        Throwable cause = failure;
        String what = cause != null
                ? "the connection has failed: "
                        + (cause instanceof NetException ? cause.getMessage() : Errors.text(cause))
                : isClosed() ? "the stream was closed" : "the stream was ended";
        return new NetException(
                cause instanceof NetException told ? told.code() : Code.OTHER,
                Errors.message(operation, protocol(), localAddress(), remoteAddress(), what),
                cause);
    }

    // -- Closing. --

    /** A listener has thrown; on the blocking face, maybe what ended the connection, which is told and logged as that. */
    @SuppressWarnings("ReferenceEquality") // the same failure
    void listenerFailed(Throwable thrown) {
        if (isClosed()) {
            if (failure != null && (thrown == failure || thrown.getCause() == failure)) {
                Log.debug(stream + ": a listener on the blocking face has thrown why it was closed", thrown);
            } else {
                Log.listenerFailed(stream, thrown);
            }
        } else {
            close(thrown);
        }
    }

    void close(@Nullable Throwable cause) {
        close(cause, false);
    }

    /** The only way out: the first call decides, every step runs, and error and close follow on the dispatcher. */
    @SuppressWarnings("ReferenceEquality") // the same failure may be found in several places
    void close(@Nullable Throwable cause, boolean reset) {
        Phase previous = (Phase) PHASE.getAndSet(this, Phase.CLOSED);
        if (previous == Phase.CLOSED) {
            if (cause != null && cause != failure) {
                Log.debug(stream + " failed again, after close", cause);
            }
            return;
        }
        failure = cause;
        stream.idleTimer().stop();
        stopConnectTimer();
        stopHandshakeTimer();
        writes.close();
        if (dialer != null) {
            dialer.cancel();
        }
        Transport opened = transport == null ? null : transport();
        if (opened != null) {
            if (reset) {
                opened.reset();
                Nudge.soon(); // FIN, unlike RST, does not wait for the kernel to let go of the socket
            } else {
                opened.close();
            }
        }
        stream.connectionClosed(this);
        reader.wake();
        dispatcher().post(this::deliverClose);
    }

    private void deliverClose() {
        stream.deliverClose(this);
    }

    void setCloseTold() {
        closeTold = true;
    }

    private Phase advance(UnaryOperator<Phase> step) {
        for (; ; ) {
            Phase now = phase;
            Phase next = step.apply(now);
            if (next == now || PHASE.compareAndSet(this, now, next)) {
                return next;
            }
        }
    }
}
