// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.Action;
import dev.weft.net.Drop;
import dev.weft.net.Listener;
import dev.weft.net.Registration;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.spi.Transport;
import java.net.SocketAddress;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What the program holds: listeners, settings and counts, which outlive a listening, and the current {@link Listening}.
 */
final class LoomServer implements Server {
    static final int CONNECTION = 0;
    static final int LISTENING = 1;
    static final int CLOSE = 2;
    static final int ERROR = 3;
    static final int DROP = 4;
    private static final int EVENTS = 5;

    /** Stands for an event that has no details. */
    private static final Object NO_DETAIL = new Object();

    private final ServerOptions options;
    private final Dispatcher dispatcher;
    private final ListenerTable listeners = new ListenerTable(EVENTS);

    private final AtomicInteger connections = new AtomicInteger();
    private volatile int maxConnections = -1;

    // -- Guarded by this. --
    private @Nullable Listening listening;

    /** Whether the futures stand for a listening that is over, whose close may be being told. */
    private boolean over;

    /** Streams whose close listeners have not returned yet. */
    private int streams;

    private CompletableFuture<SocketAddress> bound = new CompletableFuture<>();
    private CompletableFuture<Void> closed = new CompletableFuture<>();

    /** What no listener was there for; the details by event. */
    private final @Nullable Object[] unheard = new Object[EVENTS];

    LoomServer(ServerOptions options) {
        this.options = options;
        this.dispatcher = new Dispatcher(options.dispatcher(), e -> Log.listenerFailed(this, e));
    }

    // -- Listening. --

    @Override
    public Server listen(int port) {
        return listen(port, "0.0.0.0");
    }

    @Override
    public Server listen(int port, String host) {
        return listen(new Listening.Place(Names.address(port, Objects.requireNonNull(host, "host"))), null);
    }

    @Override
    public Server listen(int port, Action listening) {
        return listen(port, "0.0.0.0", listening);
    }

    @Override
    public Server listen(int port, String host, Action listening) {
        Objects.requireNonNull(listening, "listening");
        return listen(new Listening.Place(Names.address(port, Objects.requireNonNull(host, "host"))), listening);
    }

    @Override
    public Server listen(String path) {
        return listen(unix(path), null);
    }

    @Override
    public Server listen(String path, Action listening) {
        return listen(unix(path), Objects.requireNonNull(listening, "listening"));
    }

    private static Listening.Place unix(String path) {
        return new Listening.Place(Names.unix(path));
    }

    @Override
    public Server listen(SocketAddress address) {
        return listen(new Listening.Place(Objects.requireNonNull(address, "address")), null);
    }

    @Override
    public Server listen(SocketAddress address, Action listening) {
        Objects.requireNonNull(listening, "listening");
        return listen(new Listening.Place(Objects.requireNonNull(address, "address")), listening);
    }

    @Override
    public Server listenFD(int fd) {
        return listen(descriptor(fd), null);
    }

    @Override
    public Server listenFD(int fd, Action listening) {
        return listen(descriptor(fd), Objects.requireNonNull(listening, "listening"));
    }

    private static Listening.Place descriptor(int fd) {
        if (fd < 0) {
            throw new IllegalArgumentException("fd < 0: " + fd);
        }
        return new Listening.Place(fd);
    }

    private Server listen(Listening.Place place, @Nullable Action onListening) {
        Listening next = new Listening(this, place, onListening);
        synchronized (this) {
            if (listening != null) {
                throw new IllegalStateException("listen: " + listening + ", close it and wait for close first");
            }
            listening = next;
            if (over || bound.isDone()) {
                bound = new CompletableFuture<>();
            }
            if (over) {
                closed = new CompletableFuture<>();
            }
            over = false;
            unheard[LISTENING] = null;
            unheard[ERROR] = null;
            unheard[CLOSE] = null;
        }
        Threads.start(Threads.ACCEPTOR, next);
        return this;
    }

    @Override
    public void close() {
        Listening current;
        synchronized (this) {
            current = listening;
        }
        if (current != null) {
            current.close();
        }
    }

    ServerOptions options() {
        return options;
    }

    // -- What a Listening tells. --

    void bound(Listening by, SocketAddress address, @Nullable Action onListening) {
        CompletableFuture<SocketAddress> future;
        synchronized (this) {
            future = bound;
        }
        dispatcher.post(() -> {
            // Looked at first: who learns here that it is bound, and closes it at once, hears of listening too.
            boolean open = by.isOpen();
            future.complete(address);
            if (!open) {
                return;
            }
            if (onListening != null) {
                tellOne(event -> onListening.run(), NO_DETAIL);
            }
            deliver(LISTENING, NO_DETAIL);
        });
    }

    /** It could not be bound: the server may listen again. */
    void failed(Listening by, Throwable reason) {
        CompletableFuture<SocketAddress> future;
        synchronized (this) {
            if (listening != by) {
                return;
            }
            listening = null;
            future = bound;
        }
        dispatcher.post(() -> {
            future.completeExceptionally(reason);
            tellError(reason);
        });
    }

    /** Accepting fails for the time being. */
    void acceptFailed(Throwable reason) {
        dispatcher.post(() -> tellError(reason));
    }

    /** It does not accept any more. */
    void stopped(Listening by) {
        closeIfOver();
    }

    /** A connection, from the accepting thread. */
    void accepted(Transport transport) {
        int max = maxConnections;
        if (max >= 0 && connections.get() >= max) {
            Drop drop = new Drop(
                    Objects.requireNonNull(transport.localAddress()),
                    Objects.requireNonNull(transport.remoteAddress()));
            Refusal.refuse(transport);
            dispatcher.post(() -> deliver(DROP, drop));
            return;
        }
        connections.incrementAndGet();
        synchronized (this) {
            streams++;
        }
        try {
            new LoomStream(options.stream(), this).accepted(transport);
        } catch (Throwable e) { // for want of memory, or of a thread
            transport.close();
            streamClosing();
            streamClosed();
            throw e;
        }
    }

    /** A stream is closed, and its close listeners are about to run. */
    void streamClosing() {
        connections.decrementAndGet();
    }

    /** The close listeners of a stream have returned. */
    void streamClosed() {
        synchronized (this) {
            streams--;
        }
        closeIfOver();
    }

    private void closeIfOver() {
        CompletableFuture<Void> future;
        CompletableFuture<SocketAddress> neverBound;
        synchronized (this) {
            if (listening == null || !listening.isStopped() || streams != 0) {
                return;
            }
            listening = null;
            over = true;
            future = closed;
            neverBound = bound;
        }
        dispatcher.post(() -> {
            neverBound.completeExceptionally(new IllegalStateException("the server was closed before it was bound"));
            deliver(CLOSE, NO_DETAIL);
            future.complete(null);
        });
    }

    // -- Delivering; all of it on the dispatcher. --

    private void tellError(Throwable error) {
        if (!listeners.has(ERROR)) {
            Log.unheard(this, error);
        }
        deliver(ERROR, error);
    }

    private void deliver(int event, Object detail) {
        if (!listeners.has(event) && event != CONNECTION && event != DROP) {
            synchronized (this) {
                if (!listeners.has(event)) {
                    unheard[event] = detail;
                    return;
                }
            }
        }
        for (Listener<?> listener : listeners.of(event)) {
            tellOne(listener, detail);
        }
    }

    @SuppressWarnings("unchecked") // registered for this event, and so for its kind of detail
    private void tellOne(Listener<?> listener, Object detail) {
        try {
            ((Listener<Object>) listener).handle(detail);
        } catch (Throwable thrown) {
            Log.listenerFailed(this, thrown);
        }
    }

    Listener<?>[] connectionListeners() {
        return listeners.of(CONNECTION);
    }

    // -- Listeners. --

    private Registration add(int event, Listener<?> listener) {
        Object missed;
        Registration registration;
        synchronized (this) {
            registration = listeners.add(event, listener);
            missed = unheard[event];
            unheard[event] = null;
        }
        if (missed != null) {
            dispatcher.post(() -> deliver(event, missed));
        }
        return registration;
    }

    private Registration addAction(int event, Action listener) {
        Objects.requireNonNull(listener, "listener");
        return add(event, detail -> listener.run());
    }

    @Override
    public Registration onConnection(Listener<? super Stream> listener) {
        return add(CONNECTION, Objects.requireNonNull(listener, "listener"));
    }

    @Override
    public Registration onListening(Action listener) {
        return addAction(LISTENING, listener);
    }

    @Override
    public Registration onClose(Action listener) {
        return addAction(CLOSE, listener);
    }

    @Override
    public Registration onError(Listener<? super Throwable> listener) {
        return add(ERROR, Objects.requireNonNull(listener, "listener"));
    }

    @Override
    public Registration onDrop(Listener<? super Drop> listener) {
        return add(DROP, Objects.requireNonNull(listener, "listener"));
    }

    // -- State. --

    @Override
    public int maxConnections() {
        return maxConnections;
    }

    @Override
    public Server setMaxConnections(int max) {
        if (max < -1) {
            throw new IllegalArgumentException("maxConnections < -1: " + max);
        }
        maxConnections = max;
        return this;
    }

    @Override
    public int connections() {
        return connections.get();
    }

    @Override
    public synchronized @Nullable SocketAddress address() {
        return listening == null ? null : listening.address();
    }

    @Override
    public synchronized CompletableFuture<SocketAddress> bound() {
        return bound.copy();
    }

    @Override
    public synchronized CompletableFuture<Void> closed() {
        return closed.copy();
    }

    @Override
    public synchronized String toString() {
        return listening == null ? "Server[not listening]" : "Server[" + listening + "]";
    }
}
