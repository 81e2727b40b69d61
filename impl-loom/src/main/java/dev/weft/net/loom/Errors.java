// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Turns what the JDK throws into exceptions that name the operation, both addresses and what was wrong. */
final class Errors {
    private Errors() {}

    static NetException of(
            String operation,
            String protocol,
            @Nullable SocketAddress local,
            @Nullable SocketAddress remote,
            Throwable cause) {
        Code code = code(cause);
        return new NetException(code, message(operation, protocol, local, remote, reason(code, cause)), cause);
    }

    /** {@code operation transport local->remote: what}, leaving out what is not known yet. */
    static String message(
            String operation,
            String protocol,
            @Nullable SocketAddress local,
            @Nullable SocketAddress remote,
            String what) {
        StringBuilder text = new StringBuilder(operation).append(' ').append(protocol);
        boolean hasLocal = Addresses.isNamed(local);
        if (hasLocal) {
            text.append(' ').append(Addresses.text(local));
        }
        if (Addresses.isNamed(remote)) {
            text.append(hasLocal ? "->" : " ").append(Addresses.text(remote));
        }
        return text.append(": ").append(what).toString();
    }

    /** What toString gives, or, since a program's exception may throw there, its class. */
    static String text(Throwable error) {
        try {
            return error.toString();
        } catch (RuntimeException e) {
            return error.getClass().getName() + ", whose text throws "
                    + e.getClass().getName();
        }
    }

    private static String reason(Code code, Throwable cause) {
        String message = cause.getMessage();
        if (code == Code.HOST_NOT_FOUND) {
            return "no address for this name";
        }
        if (cause instanceof ClosedByInterruptException) {
            return "the thread was interrupted, for which the JDK closes the channel";
        }
        if (cause instanceof ClosedChannelException) {
            return "the stream was closed";
        }
        return message == null ? cause.getClass().getName() : message;
    }

    /**
     * The JDK tells most failures apart by class, the others by the system's text alone. Texts in another language than
     * English end as {@link Code#OTHER}.
     */
    private static Code code(Throwable cause) {
        if (cause instanceof UnknownHostException || cause instanceof UnresolvedAddressException) {
            return Code.HOST_NOT_FOUND;
        }
        if (cause instanceof NoRouteToHostException) {
            return Code.UNREACHABLE;
        }
        if (cause instanceof SSLException) {
            return Code.NOT_SECURE;
        }
        String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
        if (text.contains("timed out")) {
            return Code.TIMED_OUT;
        }
        if (text.contains("no such file or directory")) {
            return Code.NOT_FOUND;
        }
        if (text.contains("address already in use")) {
            return Code.ADDRESS_IN_USE;
        }
        if (text.contains("cannot assign requested address") || text.contains("can't assign requested address")) {
            return Code.ADDRESS_NOT_AVAILABLE;
        }
        if (text.contains("permission denied") || text.contains("operation not permitted")) {
            return Code.PERMISSION_DENIED;
        }
        if (text.contains("unreachable")) {
            return Code.UNREACHABLE;
        }
        if (text.contains("too many open files")) {
            return Code.TOO_MANY_OPEN_FILES;
        }
        if (text.contains("connection reset")) {
            return Code.CONNECTION_RESET;
        }
        if (text.contains("broken pipe")) {
            return Code.BROKEN_PIPE;
        }
        return cause instanceof ConnectException || text.contains("connection refused")
                ? Code.CONNECTION_REFUSED
                : Code.OTHER;
    }
}
