// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link Stream} behaves. Immutable: each method with a value returns a changed copy of
 * {@link #defaults() the defaults}.
 *
 * <p><b>Threading</b>: any thread.
 *
 * @since 0.1
 */
public final class StreamOptions {
    /** 16 MiB: what {@link #maxQueuedBytes()} is unless it was set. */
    public static final long DEFAULT_MAX_QUEUED_BYTES = 16L << 20;

    private static final StreamOptions DEFAULTS =
            new StreamOptions(false, null, DEFAULT_MAX_QUEUED_BYTES, Duration.ZERO);

    private final boolean allowHalfOpen;
    private final @Nullable Executor dispatcher;
    private final long maxQueuedBytes;
    private final Duration connectTimeout;

    private StreamOptions(
            boolean allowHalfOpen, @Nullable Executor dispatcher, long maxQueuedBytes, Duration connectTimeout) {
        this.allowHalfOpen = allowHalfOpen;
        this.dispatcher = dispatcher;
        this.maxQueuedBytes = maxQueuedBytes;
        this.connectTimeout = connectTimeout;
    }

    /** {@return the options of a stream for which none were given} */
    public static StreamOptions defaults() {
        return DEFAULTS;
    }

    /**
     * {@return whether our side stays open after the peer's FIN} Default false: the stream ends itself after the
     * {@code end} listeners have run. With true the program must call {@link Stream#end()} itself, or the connection stays
     * (CLOSE_WAIT).
     */
    public boolean allowHalfOpen() {
        return allowHalfOpen;
    }

    /**
     * A copy with another {@link #allowHalfOpen()}.
     *
     * @param allow whether our side stays open after the peer's FIN
     * @return the copy
     */
    public StreamOptions allowHalfOpen(boolean allow) {
        return new StreamOptions(allow, dispatcher, maxQueuedBytes, connectTimeout);
    }

    /** {@return where events are delivered, or null (the default) for the stream's own virtual threads} */
    public @Nullable Executor dispatcher() {
        return dispatcher;
    }

    /**
     * A copy with another {@link #dispatcher()}. Order and one-at-a-time hold for any executor; a slow one makes the
     * stream wait, and TCP push back on the peer.
     *
     * @param executor runs the listeners, for instance one thread for all streams; null for the stream's own threads
     * @return the copy
     */
    public StreamOptions dispatcher(@Nullable Executor executor) {
        return new StreamOptions(allowHalfOpen, executor, maxQueuedBytes, connectTimeout);
    }

    /**
     * {@return the number of queued bytes above which a further write destroys the stream} A {@code write} that finds more
     * than this many bytes still queued ends the stream with {@link NetException.Code#QUEUE_FULL}. A single write may be
     * larger than the bound: its bytes are the caller's own and are not copied. Default
     * {@link #DEFAULT_MAX_QUEUED_BYTES}.
     */
    public long maxQueuedBytes() {
        return maxQueuedBytes;
    }

    /**
     * A copy with another {@link #maxQueuedBytes()}.
     *
     * @param bytes 0 or more; 0 refuses a write as soon as anything is queued, {@link Long#MAX_VALUE} means no bound
     * @return the copy
     * @throws IllegalArgumentException if negative
     */
    public StreamOptions maxQueuedBytes(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("maxQueuedBytes < 0: " + bytes);
        }
        return new StreamOptions(allowHalfOpen, dispatcher, bytes, connectTimeout);
    }

    /**
     * {@return how long name lookup and connecting may take together, zero (the default) for as long as the system lets
     * them} Unlike {@link Stream#setTimeout(Duration)}, which only tells, this one fails the connection.
     */
    public Duration connectTimeout() {
        return connectTimeout;
    }

    /**
     * A copy with another {@link #connectTimeout()}.
     *
     * @param timeout zero for none
     * @return the copy
     * @throws IllegalArgumentException if negative
     */
    public StreamOptions connectTimeout(Duration timeout) {
        if (Objects.requireNonNull(timeout, "timeout").isNegative()) {
            throw new IllegalArgumentException("connectTimeout < 0: " + timeout);
        }
        return new StreamOptions(allowHalfOpen, dispatcher, maxQueuedBytes, timeout);
    }

    @Override
    public String toString() {
        return "StreamOptions[allowHalfOpen=" + allowHalfOpen + ", dispatcher=" + dispatcher + ", maxQueuedBytes="
                + maxQueuedBytes + ", connectTimeout=" + connectTimeout + "]";
    }
}
