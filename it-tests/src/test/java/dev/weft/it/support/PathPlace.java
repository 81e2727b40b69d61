// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import dev.weft.net.Action;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/** Unix sockets in the test's own folder. */
class PathPlace implements Place {
    private final TestScope scope;
    private final AtomicInteger files = new AtomicInteger();

    PathPlace(TestScope scope) {
        this.scope = scope;
    }

    private Path file() {
        return scope.directory().resolve(files.incrementAndGet() + ".sock");
    }

    @Override
    public String protocol() {
        return "unix";
    }

    @Override
    public String host() {
        return null;
    }

    @Override
    public void listen(Server server, Action listening) {
        server.listen(file().toString(), listening);
    }

    @Override
    public void listen(Server server, SocketAddress address, Action listening) {
        server.listen(address.toString(), listening);
    }

    @Override
    public void connect(Stream stream, SocketAddress address) {
        stream.connect(address.toString());
    }

    @Override
    public SocketAddress nowhere() throws IOException {
        try (ServerSocketChannel gone = openListener()) {
            return gone.bind(free()).getLocalAddress();
        }
    }

    @Override
    public SocketChannel openPeer() throws IOException {
        return SocketChannel.open(StandardProtocolFamily.UNIX);
    }

    @Override
    public ServerSocketChannel openListener() throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    }

    @Override
    public SocketAddress free() {
        Path file = file();
        scope.add(() -> Files.deleteIfExists(file));
        return UnixDomainSocketAddress.of(file);
    }
}
