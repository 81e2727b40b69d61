// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.spi.Acceptor;
import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** A listening JDK channel. */
final class TcpAcceptor implements Acceptor {
    private final ServerSocketChannel channel;
    private final SocketAddress address;

    TcpAcceptor(ServerSocketChannel channel) throws IOException {
        this.channel = channel;
        this.address = channel.getLocalAddress();
    }

    @Override
    public String protocol() {
        return "tcp";
    }

    @Override
    public SocketAddress address() {
        return address;
    }

    @Override
    public Transport accept() throws IOException {
        SocketChannel accepted = channel.accept(); // parks
        try {
            return new TcpTransport(accepted).connected();
        } catch (IOException e) {
            accepted.close();
            throw e;
        }
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
            Log.debug("closing " + address, e);
        }
    }
}
