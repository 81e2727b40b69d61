// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom.channel;

import dev.weft.net.spi.Acceptor;
import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** A listening JDK channel. */
public class ChannelAcceptor implements Acceptor {
    private final ServerSocketChannel channel;
    private final String protocol;
    private final SocketAddress address;

    /**
     * An acceptor.
     *
     * @param channel bound and in blocking mode, from now on this acceptor's own
     * @param protocol what messages call it
     * @param address where it listens; the channel may not know
     */
    public ChannelAcceptor(ServerSocketChannel channel, String protocol, SocketAddress address) {
        this.channel = channel;
        this.protocol = protocol;
        this.address = address;
    }

    @Override
    public String protocol() {
        return protocol;
    }

    @Override
    public SocketAddress address() {
        return address;
    }

    @Override
    public Transport accept() throws IOException {
        SocketChannel accepted = channel.accept(); // parks
        try {
            return transport(accepted);
        } catch (IOException | RuntimeException | Error e) {
            accepted.close();
            throw e;
        }
    }

    /**
     * {@return a transport over a channel that was accepted}
     *
     * @param accepted connected
     * @throws IOException if it is broken already
     */
    protected Transport transport(SocketChannel accepted) throws IOException {
        return new ChannelTransport(accepted, protocol).connected();
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            System.getLogger("dev.weft.net").log(Level.DEBUG, "closing " + address, e);
        }
    }
}
