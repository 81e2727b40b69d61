// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import dev.weft.net.AbstractAddress;
import dev.weft.net.loom.channel.ChannelTransport;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A Unix stream socket that is a JDK channel. */
class UnixTransport extends ChannelTransport implements PeerCredentials.Source {
    /** When a server's backlog is full, the next try is after this time, then twice it, ... */
    private static final long FIRST_BACK_OFF_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final long LAST_BACK_OFF_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private volatile @Nullable Thread connecting;
    private volatile @Nullable PeerCredentials credentials;

    UnixTransport(SocketChannel channel) {
        super(channel, UnixProvider.PROTOCOL);
    }

    /** TCP's connect waits where the backlog is full; that of Unix sockets gives up unless it may block in the kernel. */
    @Override
    public void connect(SocketAddress address) throws IOException {
        connecting = Thread.currentThread();
        for (long backOff = FIRST_BACK_OFF_NANOS; ; backOff = Math.min(LAST_BACK_OFF_NANOS, 2 * backOff)) {
            try {
                tryConnect(address);
                return;
            } catch (SocketException e) {
                if (!isBacklogFull(e)) {
                    throw e;
                }
            }
            LockSupport.parkNanos(this, backOff); // parks
            channel().close();
            replace(SocketChannel.open(StandardProtocolFamily.UNIX));
        }
    }

    private void tryConnect(SocketAddress address) throws IOException {
        if (address instanceof AbstractAddress name) {
            SocketChannel connected = AbstractSocket.connect(name);
            channel().close();
            replace(connected);
            ChannelTransport unused = connected(channel().getLocalAddress(), name);
        } else if (address instanceof UnixDomainSocketAddress path) {
            super.connect(SocketPath.address(path.getPath())); // parks
        } else {
            throw new UnsupportedAddressTypeException();
        }
    }

    /** EAGAIN, which the JDK tells by its text alone. */
    private static boolean isBacklogFull(SocketException e) {
        return String.valueOf(e.getMessage()).contains("temporarily unavailable");
    }

    @Override
    public void close() {
        super.close();
        LockSupport.unpark(connecting);
    }

    @Override
    public <T> @Nullable T feature(Class<T> type) {
        return type == PeerCredentials.Source.class ? type.cast(this) : null;
    }

    @Override
    public PeerCredentials peerCredentials() throws IOException {
        PeerCredentials known = credentials;
        if (known == null) {
            known = PeerCredentials.of(channel());
            credentials = known;
        }
        return known;
    }
}
