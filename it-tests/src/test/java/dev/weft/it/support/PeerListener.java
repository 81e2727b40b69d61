// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** A plain server, accepting on the test's own thread. */
public final class PeerListener implements AutoCloseable {
    private final ServerSocketChannel channel;
    private final Selector acceptable;
    private final SocketAddress address;
    private final TestScope scope;

    /** Null for plain text. */
    private final WireSecurity security;

    /** Over a channel that listens. */
    PeerListener(ServerSocketChannel channel, TestScope scope, WireSecurity security) throws IOException {
        this.channel = channel;
        this.security = security;
        this.scope = scope;
        address = channel.getLocalAddress();
        channel.configureBlocking(false);
        acceptable = channel.provider().openSelector();
        channel.register(acceptable, SelectionKey.OP_ACCEPT);
    }

    /** {@return where it listens} */
    public SocketAddress address() {
        return address;
    }

    /** {@return the port on which it listens, if there are ports} */
    public int port() {
        return ((InetSocketAddress) address).getPort();
    }

    /** {@return the next connection} */
    public Peer accept() throws IOException {
        long deadline = System.nanoTime() + Await.LIMIT.toNanos();
        for (; ; ) {
            SocketChannel accepted = channel.accept();
            if (accepted != null) {
                return scope.add(WireSecurity.peer(security, accepted, false));
            }
            long millis = (deadline - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                throw new AssertionError("not within " + Await.LIMIT.toSeconds() + " s: a connection");
            }
            int unused = acceptable.select(key -> {}, millis);
        }
    }

    @Override
    public void close() throws IOException {
        try (acceptable) {
            channel.close();
        }
    }
}
