// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import dev.weft.net.AbstractAddress;
import dev.weft.net.Action;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.newsclub.net.unix.AFUNIXServerSocketChannel;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.AFUNIXSocketChannel;

/** Names in the abstract namespace. The JDK has none, so the peers are junixsocket's channels. */
final class AbstractPlace implements Place {
    private static final AtomicInteger NAMES = new AtomicInteger();

    private static AbstractAddress name() {
        return AbstractAddress.of("weft-contract-" + ProcessHandle.current().pid() + "-" + NAMES.incrementAndGet());
    }

    private static AFUNIXSocketAddress junix(AbstractAddress address) throws IOException {
        byte[] name = address.name();
        byte[] raw = new byte[1 + name.length];
        System.arraycopy(name, 0, raw, 1, name.length);
        return AFUNIXSocketAddress.of(raw);
    }

    private static SocketAddress weft(SocketAddress address) {
        if (address instanceof AFUNIXSocketAddress junix) {
            byte[] raw = junix.getPathAsBytes();
            return AbstractAddress.of(Arrays.copyOfRange(raw, 1, raw.length));
        }
        return address;
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
        server.listen(name(), listening);
    }

    @Override
    public void listen(Server server, SocketAddress address, Action listening) {
        server.listen(weft(address), listening);
    }

    @Override
    public void connect(Stream stream, SocketAddress address) {
        stream.connect(weft(address));
    }

    @Override
    public SocketAddress nowhere() {
        return name();
    }

    @Override
    public SocketChannel openPeer() throws IOException {
        return AFUNIXSocketChannel.open();
    }

    @Override
    public void dial(SocketChannel peer, SocketAddress address) throws IOException {
        boolean unused = peer.connect(address instanceof AbstractAddress name ? junix(name) : address);
    }

    @Override
    public ServerSocketChannel openListener() throws IOException {
        return AFUNIXServerSocketChannel.open();
    }

    @Override
    public SocketAddress free() throws IOException {
        return junix(name());
    }
}
