// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.spi;

import dev.weft.net.ServerOptions;
import java.io.IOException;
import java.net.SocketAddress;

/**
 * Opens connections for a family of addresses. Found with {@link java.util.ServiceLoader} by the engine, which asks for the
 * first one that {@link #supports} an address.
 *
 * <p><b>Threading</b>: any thread.
 *
 * @since 0.1
 */
public interface TransportProvider {
    /** {@return what messages call this kind of connection, such as {@code "tcp"}} */
    String protocol();

    /**
     * {@return whether this provider is for such addresses}
     *
     * @param address of a peer, or to listen on
     */
    boolean supports(SocketAddress address);

    /**
     * A connection to be.
     *
     * @param remote the peer that {@link Transport#connect} will be given
     * @return not connected
     * @throws IOException if the system has no socket for it
     */
    Transport open(SocketAddress remote) throws IOException;

    /**
     * Binds and listens. May take as long as the system needs, but does not wait for a peer.
     *
     * @param local where
     * @param options of the server
     * @return listening
     * @throws IOException if it cannot be bound
     */
    Acceptor listen(SocketAddress local, ServerOptions options) throws IOException;

    /**
     * {@return whether {@link #adopt} works}
     */
    default boolean adopts() {
        return false;
    }

    /**
     * Takes over a descriptor that listens already.
     *
     * @param fd its number
     * @param options of the server
     * @return listening
     * @throws IOException if it cannot be used; the message says why
     */
    default Acceptor adopt(int fd, ServerOptions options) throws IOException {
        throw new UnsupportedOperationException("this transport adopts no descriptors: " + fd);
    }
}
