// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import dev.weft.net.Stream;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.OptionalLong;

/**
 * Who is at the other end of a Unix socket, as the kernel has noted it when the connection was made ({@code SO_PEERCRED} of
 * {@code unix(7)}): of an accepted stream the process that has connected, of one that we connected the process that listened.
 *
 * <p>Linux alone, and by native calls: the JDK tells the names of user and group and no more.
 *
 * @param uid the number of the user, 0 to 2^32-1
 * @param gid the number of the group, 0 to 2^32-1
 * @param pid the number of the process; empty if it has none in our namespace. It may have ended meanwhile, and another process
 *     have its number: base no decision on it alone
 * @since 0.1
 */
public record PeerCredentials(long uid, long gid, OptionalLong pid) {
    private static final long UNSIGNED = 0xffff_ffffL;

    /** What a transport offers that knows its peer. */
    interface Source {
        PeerCredentials peerCredentials() throws IOException;
    }

    /**
     * The credentials of the peer of a stream. Takes some microseconds, does not park; any thread; also where TLS was laid over the
     * socket.
     *
     * @param stream connected over a Unix socket
     * @return the credentials
     * @throws UnsupportedOperationException if it is not connected, or not over a Unix socket
     * @throws IOException if the stream was closed before they were asked for, or the platform does not tell
     */
    public static PeerCredentials of(Stream stream) throws IOException {
        return stream.feature(Source.class)
                .orElseThrow(() -> new UnsupportedOperationException(
                        "peer credentials are to be had of connected Unix sockets, not of " + stream))
                .peerCredentials();
    }

    static PeerCredentials of(SocketChannel channel) throws IOException {
        Posix.require("asking for peer credentials");
        // struct ucred
        int[] pidUidGid = Posix.options(Descriptors.of(channel), Posix.SOL_SOCKET, Posix.SO_PEERCRED, 3);
        Descriptors.requireOpen(channel);
        return new PeerCredentials(
                pidUidGid[1] & UNSIGNED,
                pidUidGid[2] & UNSIGNED,
                pidUidGid[0] > 0 ? OptionalLong.of(pidUidGid[0]) : OptionalLong.empty());
    }
}
