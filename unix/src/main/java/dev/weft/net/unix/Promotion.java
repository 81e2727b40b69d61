// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * Makes JDK channels of descriptors, since those are what parks a virtual thread: opens a channel on a place of its own, finds
 * the descriptor that the JDK has given it, and has that number stand for the other socket. From then on accepting, reading and
 * closing are the JDK's; only the addresses that it has noted are those of the first socket.
 */
final class Promotion {
    private Promotion() {}

    /**
     * A channel that accepts what a descriptor accepts, which stays open beside it; {@link Posix#require} was called.
     *
     * @param family of the descriptor, or its connections would be taken for those of another one
     */
    static ServerSocketChannel listener(int fd, ProtocolFamily family) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open(family);
        try {
            if (family == StandardProtocolFamily.UNIX) {
                bindAside(channel);
            } else {
                String loopback = family == StandardProtocolFamily.INET6 ? "::1" : "127.0.0.1";
                channel.bind(new InetSocketAddress(InetAddress.getByName(loopback), 0));
            }
            Posix.dup2(fd, Descriptors.of(channel));
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * A connected channel for a connected Unix socket, which is in non-blocking mode and stays open beside it;
     * {@link Posix#require} was called.
     */
    static SocketChannel connected(int fd) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            connectAside(channel);
            Posix.dup2(fd, Descriptors.of(channel));
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static void connectAside(SocketChannel channel) throws IOException {
        try (AsideFile aside = AsideFile.choose();
                ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(aside.address());
            channel.connect(aside.address());
        }
    }

    private static void bindAside(ServerSocketChannel channel) throws IOException {
        try (AsideFile aside = AsideFile.choose()) {
            channel.bind(aside.address());
        }
    }
}
