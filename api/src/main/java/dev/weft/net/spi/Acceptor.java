// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.spi;

import java.io.IOException;
import java.net.SocketAddress;

/**
 * A listening socket.
 *
 * <p><b>Threading</b>: one thread calls {@link #accept}; {@link #close} may come from any thread, more than once, and wakes
 * it up.
 *
 * @since 0.1
 */
public interface Acceptor {
    /** {@return what messages call this kind of connection, such as {@code "tcp"}} */
    String protocol();

    /** {@return where it listens} */
    SocketAddress address();

    /**
     * The next connection. Parks.
     *
     * @return connected, in blocking mode
     * @throws IOException if there is none to be had now, or it was closed; {@link #isOpen} tells which
     */
    Transport accept() throws IOException;

    /** {@return whether {@link #close} was not called yet} */
    boolean isOpen();

    /** Stops listening. Runs all its steps and does not throw. */
    void close();
}
