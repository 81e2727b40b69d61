// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
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

    private static final ServerOptions DEFAULTS = new ServerOptions(StreamOptions.defaults(), DEFAULT_BACKLOG, null);

    private final StreamOptions stream;
    private final int backlog;
    private final @Nullable Set<PosixFilePermission> socketFilePermissions;

    private ServerOptions(StreamOptions stream, int backlog, @Nullable Set<PosixFilePermission> socketFilePermissions) {
        this.stream = stream;
        this.backlog = backlog;
        this.socketFilePermissions = socketFilePermissions;
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
        return new ServerOptions(Objects.requireNonNull(options, "options"), backlog, socketFilePermissions);
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
        return new ServerOptions(stream, connections, socketFilePermissions);
    }

    /** {@return the permissions of the file of a Unix socket, null (the default) for what the process's umask leaves} */
    public @Nullable Set<PosixFilePermission> socketFilePermissions() {
        return socketFilePermissions;
    }

    /**
     * A copy with other permissions for the file of a Unix socket; of no effect on other servers. On Linux, whoever may write
     * to the file may connect, {@code rw-rw----} for instance is for its group. There is no moment in which they are wider:
     * the socket is bound in a folder that is the owner's alone, gets its permissions there, and then its place. (Programs
     * such as {@code ss} show the name it was bound to.) Since its name there must fit too, the path can be some bytes shorter
     * than others.
     *
     * @param permissions {@link java.nio.file.attribute.PosixFilePermissions#fromString} makes them of text; null for what
     *     the umask leaves
     * @return the copy
     */
    public ServerOptions socketFilePermissions(@Nullable Set<PosixFilePermission> permissions) {
        return new ServerOptions(stream, backlog, permissions == null ? null : Set.copyOf(permissions));
    }

    @Override
    public String toString() {
        return "ServerOptions[backlog=" + backlog
                + (socketFilePermissions == null
                        ? ""
                        : ", socketFilePermissions=" + PosixFilePermissions.toString(socketFilePermissions))
                + ", stream=" + stream + "]";
    }
}
