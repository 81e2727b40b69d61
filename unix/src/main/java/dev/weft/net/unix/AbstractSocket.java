// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import dev.weft.net.AbstractAddress;
import dev.weft.net.ServerOptions;
import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.newsclub.net.unix.AFSocketAddress;
import org.newsclub.net.unix.AFUNIXServerSocketChannel;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.AFUNIXSocketChannel;

/** Names that the JDK has no addresses for: junixsocket binds and connects, and what it has made becomes a JDK channel. */
final class AbstractSocket {
    private AbstractSocket() {}

    /** A channel that listens. */
    static ServerSocketChannel listen(AbstractAddress address, ServerOptions options) throws IOException {
        Posix.require("listening on an abstract name");
        AFUNIXServerSocketChannel bound = AFUNIXServerSocketChannel.open();
        try {
            bound.bind(raw(address), options.backlog());
            return Promotion.listener(Junix.number(bound.getFileDescriptor()), StandardProtocolFamily.UNIX);
        } finally {
            Junix.close(bound);
        }
    }

    /**
     * A connected channel.
     *
     * @throws SocketException "temporarily unavailable" if the backlog is full
     */
    static SocketChannel connect(AbstractAddress address) throws IOException {
        Posix.require("connecting to an abstract name");
        AFUNIXSocketChannel connected = AFUNIXSocketChannel.open();
        try {
            connected.configureBlocking(false); // a blocking call would hold the carrier; and the promoted one needs it
            if (!connected.connect(raw(address))) {
                throw new SocketException("Resource temporarily unavailable");
            }
            return Promotion.connected(Junix.number(connected.getFileDescriptor()));
        } finally {
            Junix.close(connected);
        }
    }

    private static AFSocketAddress raw(AbstractAddress address) throws IOException {
        byte[] name = address.name();
        byte[] raw = new byte[1 + name.length];
        System.arraycopy(name, 0, raw, 1, name.length);
        return AFUNIXSocketAddress.of(raw);
    }
}
