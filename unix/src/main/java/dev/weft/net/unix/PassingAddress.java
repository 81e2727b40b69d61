// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import dev.weft.net.AbstractAddress;
import java.io.Serial;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;

/**
 * A Unix socket whose streams can pass descriptors: listen on it, or connect to it, and {@link DescriptorPassing#of} has what
 * it takes. The peer may be any program; only who wants to pass or receive descriptors needs such an address.
 *
 * <p><b>Cost</b>: a stream of this kind takes one descriptor more than an ordinary one (native calls read and write a duplicate,
 * and the JDK waits), and each time that it waits, the one platform thread that all of them share wakes it up. So it is slower than an
 * ordinary Unix stream, and it needs native code, as {@link dev.weft.net.unix} says; for bytes alone use a plain path.
 *
 * <p><b>Threading</b>: immutable.
 *
 * @since 0.1
 */
public final class PassingAddress extends SocketAddress {
    @Serial
    private static final long serialVersionUID = 1;

    /** As others know it. */
    private final SocketAddress plain;

    private PassingAddress(SocketAddress plain) {
        this.plain = plain;
    }

    /**
     * {@return the address of a socket file}
     *
     * @param path as for {@link dev.weft.net.Server#listen(String)}
     * @throws IllegalArgumentException if the path is empty or the system has no such paths
     */
    public static PassingAddress of(String path) {
        if (path.isEmpty()) {
            throw new IllegalArgumentException("path is empty");
        }
        return new PassingAddress(UnixDomainSocketAddress.of(path));
    }

    /**
     * {@return the address of a socket file}
     *
     * @param path as for {@link dev.weft.net.Server#listen(String)}
     * @throws IllegalArgumentException if the path is empty
     */
    public static PassingAddress of(Path path) {
        return of(path.toString());
    }

    /**
     * {@return an abstract name}
     *
     * @param name the name
     */
    public static PassingAddress of(AbstractAddress name) {
        return new PassingAddress(name);
    }

    /** {@return the address as others know it: a {@link UnixDomainSocketAddress} or an {@link AbstractAddress}} */
    public SocketAddress plain() {
        return plain;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PassingAddress address && plain.equals(address.plain);
    }

    @Override
    public int hashCode() {
        return plain.hashCode() + 1;
    }

    /** {@return the text of {@link #plain()}} */
    @Override
    public String toString() {
        return plain.toString();
    }
}
