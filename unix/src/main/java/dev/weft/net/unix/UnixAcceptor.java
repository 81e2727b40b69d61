// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import dev.weft.net.loom.channel.ChannelAcceptor;
import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** A listening Unix stream socket that is a JDK channel. */
class UnixAcceptor extends ChannelAcceptor {
    private final boolean passing;

    /**
     * Over a channel that listens.
     *
     * @param passing whether descriptors may be passed over the connections
     */
    UnixAcceptor(ServerSocketChannel channel, SocketAddress address, boolean passing) {
        super(channel, UnixProvider.PROTOCOL, address);
        this.passing = passing;
    }

    @Override
    protected Transport transport(SocketChannel accepted) throws IOException {
        UnixTransport transport = passing ? new PassingTransport(accepted).open() : new UnixTransport(accepted);
        // Our own address is that of the listener; the channel may know another name of it.
        return transport.connected(address(), accepted.getRemoteAddress());
    }
}
