// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import dev.weft.net.Action;
import dev.weft.net.Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;

/** Ports on which a descriptor listens that the server is given. */
final class InheritedTcpPlace extends TcpPlace {
    InheritedTcpPlace(TestScope scope) {
        super(scope, "127.0.0.1");
    }

    @Override
    public void listen(Server server, Action listening) {
        try {
            Inherited.listen(server, ServerSocketChannel.open(StandardProtocolFamily.INET), free(), listening);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void listen(Server server, SocketAddress address, Action listening) {
        try {
            InetSocketAddress same =
                    new InetSocketAddress(InetAddress.getByName(host()), ((InetSocketAddress) address).getPort());
            Inherited.listen(server, ServerSocketChannel.open(StandardProtocolFamily.INET), same, listening);
        } catch (IOException e) {
            super.listen(server, address, listening); // taken: for the server to find out
        }
    }
}
