// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import dev.weft.net.Action;
import dev.weft.net.Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Socket files on which a descriptor listens that the server is given. */
final class InheritedPathPlace extends PathPlace {
    InheritedPathPlace(TestScope scope) {
        super(scope);
    }

    @Override
    public void listen(Server server, Action listening) {
        listenAt(server, free(), listening);
    }

    @Override
    public void listen(Server server, SocketAddress address, Action listening) {
        if (isLive(address)) {
            super.listen(server, address, listening); // for the server to find out
            return;
        }
        try {
            // a server that was given its socket has left the file to whoever made it
            Files.deleteIfExists(Path.of(address.toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        listenAt(server, address, listening);
    }

    private static boolean isLive(SocketAddress address) {
        try (SocketChannel probe = SocketChannel.open(address)) {
            return probe.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private static void listenAt(Server server, SocketAddress address, Action listening) {
        try {
            Inherited.listen(server, ServerSocketChannel.open(StandardProtocolFamily.UNIX), address, listening);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
