// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import dev.weft.net.Action;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** Where the ends of a {@link Wire} are: what is different from one kind of transport to another. */
interface Place {
    /** What messages call it. */
    String protocol();

    /** The literal address that both ends have, or null. */
    String host();

    /** Has a server listen where no one does. */
    void listen(Server server, Action listening);

    /** Has a server listen on the address that another one has, or had. */
    void listen(Server server, SocketAddress address, Action listening);

    /** Begins to connect a stream. */
    void connect(Stream stream, SocketAddress address);

    /** An address on which nobody listens, and nobody will as long as the test runs. */
    SocketAddress nowhere() throws IOException;

    /** A channel for a peer, not connected. */
    SocketChannel openPeer() throws IOException;

    /** Connects a channel for a peer. */
    default void dial(SocketChannel peer, SocketAddress address) throws IOException {
        boolean unused = peer.connect(address);
    }

    /** A channel for a peer, not bound. */
    ServerSocketChannel openListener() throws IOException;

    /** Where a peer may listen. */
    SocketAddress free() throws IOException;
}
