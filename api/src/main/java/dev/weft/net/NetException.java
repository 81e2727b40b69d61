// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import java.io.IOException;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * A network operation failed. The message reads {@code operation transport local->remote: what was wrong}, for instance
 * {@code connect tcp 127.0.0.1:8124: Connection refused}; the exception of the JDK, where there was one, is the cause.
 *
 * @since 0.1
 */
public class NetException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    /** What went wrong, independent of the platform's wording. */
    public enum Code {
        /** Someone listens there already (EADDRINUSE). */
        ADDRESS_IN_USE("EADDRINUSE"),
        /** The address does not belong to this machine (EADDRNOTAVAIL). */
        ADDRESS_NOT_AVAILABLE("EADDRNOTAVAIL"),
        /** The system does not permit it (EACCES). */
        PERMISSION_DENIED("EACCES"),
        /** No one listens there (ECONNREFUSED). */
        CONNECTION_REFUSED("ECONNREFUSED"),
        /** The peer has reset the connection (ECONNRESET). */
        CONNECTION_RESET("ECONNRESET"),
        /** Written to a connection that the peer no longer reads (EPIPE). */
        BROKEN_PIPE("EPIPE"),
        /** The peer did not answer in time (ETIMEDOUT). */
        TIMED_OUT("ETIMEDOUT"),
        /** There is no way to the host or its network (EHOSTUNREACH, ENETUNREACH). */
        UNREACHABLE("EHOSTUNREACH"),
        /** There is no such socket file, or no such folder (ENOENT). */
        NOT_FOUND("ENOENT"),
        /** The name does not resolve to an address (ENOTFOUND). */
        HOST_NOT_FOUND("ENOTFOUND"),
        /** The process or the system has no descriptor left (EMFILE, ENFILE). */
        TOO_MANY_OPEN_FILES("EMFILE"),
        /** More bytes are queued for writing than {@link StreamOptions#maxQueuedBytes()} allows (ENOBUFS). */
        QUEUE_FULL("ENOBUFS"),
        /** TLS: the handshake has failed, the peer is not trusted, or what it sends is broken or cut (EPROTO). */
        NOT_SECURE("EPROTO"),
        /** Anything else; the message and the cause tell (EIO). */
        OTHER("EIO");

        private final String posixName;

        Code(String posixName) {
            this.posixName = posixName;
        }

        /** {@return the name that POSIX, and so Node's {@code error.code}, gives to it, such as {@code "ECONNREFUSED"}} */
        public String posixName() {
            return posixName;
        }
    }

    /** What went wrong. */
    private final Code code;

    /**
     * An exception with a full message.
     *
     * @param code what went wrong
     * @param message operation, transport, addresses, what was wrong
     * @param cause the exception of the JDK, or null
     */
    public NetException(Code code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** {@return what went wrong} */
    public Code code() {
        return code;
    }
}
