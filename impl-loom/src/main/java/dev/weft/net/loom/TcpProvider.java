// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.ServerOptions;
import dev.weft.net.loom.channel.ChannelAcceptor;
import dev.weft.net.loom.channel.ChannelTransport;
import dev.weft.net.spi.Acceptor;
import dev.weft.net.spi.Transport;
import dev.weft.net.spi.TransportProvider;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** TCP over IPv4 and IPv6. */
final class TcpProvider implements TransportProvider {
    @Override
    public String protocol() {
        return "tcp";
    }

    @Override
    public boolean supports(SocketAddress address) {
        return address instanceof InetSocketAddress;
    }

    @Override
    public Transport open(SocketAddress remote) throws IOException {
        return new ChannelTransport(SocketChannel.open(family(remote)), protocol());
    }

    @Override
    public Acceptor listen(SocketAddress local, ServerOptions options) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open(family(local));
        try {
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.bind(local, options.backlog());
            return new ChannelAcceptor(channel, protocol(), channel.getLocalAddress());
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** A socket of the address's own family: the JDK's default would listen on IPv6 too when asked for 0.0.0.0. */
    private static ProtocolFamily family(SocketAddress address) {
        boolean six = address instanceof InetSocketAddress inet && inet.getAddress() instanceof Inet6Address;
        return six ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
    }
}
