// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link Server} and the streams it accepts behave. Immutable: each method with a value returns a changed copy of
 * {@link #defaults() the defaults}.
 *
 * <p><b>Threading</b>: any thread.
 *
 * @since 0.1
 */
public final class ServerOptions {
    /** 511, as Node has it: what {@link #backlog()} is unless it was set. */
    public static final int DEFAULT_BACKLOG = 511;

    private static final ServerOptions DEFAULTS = new ServerOptions(StreamOptions.defaults(), DEFAULT_BACKLOG);

    private final StreamOptions stream;
    private final int backlog;

    private ServerOptions(StreamOptions stream, int backlog) {
        this.stream = stream;
        this.backlog = backlog;
    }

    /** {@return the options of a server for which none were given} */
    public static ServerOptions defaults() {
        return DEFAULTS;
    }

    /** {@return the options of the streams that the server accepts} */
    public StreamOptions stream() {
        return stream;
    }

    /**
     * A copy with other options for the accepted streams.
     *
     * @param options replaces what {@link #allowHalfOpen(boolean)}, {@link #dispatcher(Executor)} and
     *     {@link #maxQueuedBytes(long)} have set
     * @return the copy
     */
    public ServerOptions stream(StreamOptions options) {
        return new ServerOptions(Objects.requireNonNull(options, "options"), backlog);
    }

    /**
     * A copy whose streams keep their side open, or not, after the client's FIN.
     *
     * @param allow see {@link StreamOptions#allowHalfOpen()}
     * @return the copy
     */
    public ServerOptions allowHalfOpen(boolean allow) {
        return stream(stream.allowHalfOpen(allow));
    }

    /** {@return see {@link StreamOptions#allowHalfOpen()}} */
    public boolean allowHalfOpen() {
        return stream.allowHalfOpen();
    }

    /**
     * A copy that delivers the events of the server and of its streams elsewhere.
     *
     * @param executor see {@link StreamOptions#dispatcher(Executor)}
     * @return the copy
     */
    public ServerOptions dispatcher(@Nullable Executor executor) {
        return stream(stream.dispatcher(executor));
    }

    /** {@return see {@link StreamOptions#dispatcher()}} */
    public @Nullable Executor dispatcher() {
        return stream.dispatcher();
    }

    /**
     * A copy with another bound on each stream's write queue.
     *
     * @param bytes see {@link StreamOptions#maxQueuedBytes(long)}
     * @return the copy
     */
    public ServerOptions maxQueuedBytes(long bytes) {
        return stream(stream.maxQueuedBytes(bytes));
    }

    /** {@return see {@link StreamOptions#maxQueuedBytes()}} */
    public long maxQueuedBytes() {
        return stream.maxQueuedBytes();
    }

    /** {@return how many connections the system may hold ready before they are accepted} Default {@link #DEFAULT_BACKLOG}. */
    public int backlog() {
        return backlog;
    }

    /**
     * A copy with another {@link #backlog()}.
     *
     * @param connections 1 or more; the system may cut it down (on Linux to {@code net.core.somaxconn})
     * @return the copy
     * @throws IllegalArgumentException if below 1
     */
    public ServerOptions backlog(int connections) {
        if (connections < 1) {
            throw new IllegalArgumentException("backlog < 1: " + connections);
        }
        return new ServerOptions(stream, connections);
    }

    @Override
    public String toString() {
        return "ServerOptions[backlog=" + backlog + ", stream=" + stream + "]";
    }
}
