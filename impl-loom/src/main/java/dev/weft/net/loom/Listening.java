// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.Action;
import dev.weft.net.NetException;
import dev.weft.net.spi.Acceptor;
import dev.weft.net.spi.Transport;
import dev.weft.net.spi.TransportProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One life of a {@link LoomServer}, from {@code listen} to {@code close}, and its thread, which binds and accepts.
 *
 * <pre>
 *             bind()               close()             run() returns
 *   BINDING ──────────▶ ACCEPTING ─────────▶ STOPPING ───────────────▶ STOPPED
 *      │                                        ▲
 *      └────────────────────────────────────────┘ close(), or bind() fails
 * </pre>
 */
final class Listening implements Runnable {
    /** When accepting fails, for instance for want of descriptors, the next try is after this time, then twice it, ... */
    private static final long FIRST_BACK_OFF_NANOS = 5_000_000;

    private static final long LAST_BACK_OFF_NANOS = 1_000_000_000;

    private enum State {
        BINDING,
        ACCEPTING,
        STOPPING,
        STOPPED
    }

    private final LoomServer server;
    private final Place place;
    private final @Nullable Action onListening;

    private volatile State state = State.BINDING;
    private volatile @Nullable Acceptor acceptor;
    private volatile @Nullable Thread thread;

    /** Where to listen: an address, or a descriptor that listens already. */
    static final class Place {
        private final @Nullable SocketAddress address;
        private final int fd;
        private final TransportProvider provider;

        /** Throws {@link UnsupportedOperationException} if there is no provider for it. */
        Place(SocketAddress address) {
            this.address = address;
            this.fd = -1;
            this.provider = Providers.of(address);
        }

        /** Throws {@link UnsupportedOperationException} if there is no provider for it. */
        Place(int fd) {
            this.address = null;
            this.fd = fd;
            this.provider = Providers.adopting();
        }

        String protocol() {
            return address == null ? "fd " + fd : provider.protocol();
        }
    }

    Listening(LoomServer server, Place place, @Nullable Action onListening) {
        this.server = server;
        this.place = place;
        this.onListening = onListening;
    }

    boolean isOpen() {
        return state == State.ACCEPTING;
    }

    boolean isStopped() {
        return state == State.STOPPED;
    }

    @Nullable
    SocketAddress address() {
        Acceptor bound = acceptor;
        return bound == null || state != State.ACCEPTING ? null : bound.address();
    }

    void close() {
        Acceptor bound;
        synchronized (this) {
            if (state.compareTo(State.STOPPING) >= 0) {
                return;
            }
            state = State.STOPPING;
            bound = acceptor;
        }
        if (bound != null) {
            bound.close();
        }
        LockSupport.unpark(thread);
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        try {
            Acceptor bound = bind();
            if (bound != null) {
                acceptAll(bound);
            }
        } catch (Throwable e) {
            fail(e);
            return;
        }
        try {
            // Accepting has been interrupted by close(), and by now this thread has given up the socket.
            Nudge.now(); // parks
        } finally {
            state = State.STOPPED;
            server.stopped(this);
        }
    }

    private void fail(Throwable cause) {
        if (state == State.STOPPING) {
            // Nobody wants to know any more whether it could have been bound.
            Log.debug("listening on " + this, cause);
            state = State.STOPPED;
            server.stopped(this);
        } else {
            server.failed(
                    this,
                    cause instanceof NetException
                            ? cause
                            : Errors.of("listen", place.protocol(), place.address, null, cause));
        }
    }

    /** Null if it was closed meanwhile. */
    private @Nullable Acceptor bind() throws IOException {
        SocketAddress address = place.address;
        Acceptor bound = address == null
                ? place.provider.adopt(place.fd, server.options())
                : place.provider.listen(resolve(address), server.options());
        synchronized (this) {
            acceptor = bound;
            if (state == State.BINDING) {
                state = State.ACCEPTING;
            }
        }
        if (state != State.ACCEPTING) {
            bound.close();
            return null;
        }
        server.bound(this, bound.address(), onListening);
        return bound;
    }

    private static SocketAddress resolve(SocketAddress address) throws IOException {
        if (!(address instanceof InetSocketAddress inet) || !inet.isUnresolved()) {
            return address;
        }
        try {
            InetAddress first = Names.lookup(inet.getHostString()).join().getFirst(); // parks
            return new InetSocketAddress(first, inet.getPort());
        } catch (CompletionException e) {
            throw Errors.of("listen", "tcp", address, null, e.getCause() == null ? e : e.getCause());
        }
    }

    private void acceptAll(Acceptor bound) {
        long backOff = 0;
        while (state == State.ACCEPTING) {
            try {
                Transport client = bound.accept(); // parks
                if (state != State.ACCEPTING) {
                    client.close(); // it came after close(), in the moment before the socket went
                    return;
                }
                server.accepted(client);
                backOff = 0;
            } catch (Throwable e) { // the JDK's poller may fail with an Error for want of descriptors
                if (state != State.ACCEPTING) {
                    return;
                }
                if (backOff == 0) {
                    server.acceptFailed(Errors.of("accept", bound.protocol(), bound.address(), null, e));
                }
                backOff = Math.min(LAST_BACK_OFF_NANOS, Math.max(FIRST_BACK_OFF_NANOS, 2 * backOff));
                LockSupport.parkNanos(this, backOff); // parks
            }
        }
    }

    @Override
    public String toString() {
        Acceptor bound = acceptor;
        SocketAddress where = bound == null ? place.address : bound.address();
        return state + " " + place.protocol() + (where == null ? "" : " " + Addresses.text(where));
    }
}
