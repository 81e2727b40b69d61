// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import dev.weft.net.Action;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** Ports of one literal address. */
class TcpPlace implements Place {
    private final TestScope scope;
    private final String host;

    TcpPlace(TestScope scope, String host) {
        this.scope = scope;
        this.host = host;
    }

    @Override
    public String protocol() {
        return "tcp";
    }

    @Override
    public String host() {
        return host;
    }

    @Override
    public void listen(Server server, Action listening) {
        server.listen(0, host, listening);
    }

    @Override
    public void listen(Server server, SocketAddress address, Action listening) {
        server.listen(((InetSocketAddress) address).getPort(), host, listening);
    }

    @Override
    public void connect(Stream stream, SocketAddress address) {
        stream.connect(((InetSocketAddress) address).getPort(), host);
    }

    @Override
    public SocketAddress nowhere() throws IOException {
        Socket socket = scope.add(new Socket());
        socket.bind(free());
        return socket.getLocalSocketAddress();
    }

    @Override
    public SocketChannel openPeer() throws IOException {
        SocketChannel channel = SocketChannel.open();
        // before connecting: a socket that was reset refuses options
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        return channel;
    }

    @Override
    public ServerSocketChannel openListener() throws IOException {
        return ServerSocketChannel.open();
    }

    @Override
    public SocketAddress free() throws IOException {
        return new InetSocketAddress(InetAddress.getByName(host), 0);
    }
}
