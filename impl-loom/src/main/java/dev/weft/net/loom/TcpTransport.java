// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/** A JDK socket channel, whose blocking calls park a virtual thread. */
final class TcpTransport implements Transport {
    /**
     * The JDK copies a heap buffer into a direct one of the same size and keeps that for the carrier thread: large writes
     * go in pieces, or one of 100 MB would pin down 100 MB for good.
     */
    private static final int MAX_HEAP_WRITE = 256 << 10;

    private final SocketChannel channel;
    private volatile @Nullable SocketAddress local;
    private volatile @Nullable SocketAddress remote;

    TcpTransport(SocketChannel channel) {
        this.channel = channel;
    }

    /** Keeps the addresses of a connected channel, since a closed one tells none. */
    TcpTransport connected() throws IOException {
        local = channel.getLocalAddress();
        remote = channel.getRemoteAddress();
        return this;
    }

    @Override
    public String protocol() {
        return "tcp";
    }

    @Override
    public void connect(SocketAddress address) throws IOException {
        channel.connect(address); // parks
        connected();
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        return channel.read(target); // parks
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        if (source.isDirect() || source.remaining() <= MAX_HEAP_WRITE) {
            return channel.write(source); // parks
        }
        int limit = source.limit();
        source.limit(source.position() + MAX_HEAP_WRITE);
        try {
            return channel.write(source); // parks
        } finally {
            source.limit(limit);
        }
    }

    @Override
    public long write(ByteBuffer[] sources, int count) throws IOException {
        long bytes = 0;
        int fitting = 0;
        while (fitting < count && bytes + sources[fitting].remaining() <= MAX_HEAP_WRITE) {
            bytes += sources[fitting++].remaining();
        }
        return fitting < 2 ? write(sources[0]) : channel.write(sources, 0, fitting); // parks
    }

    @Override
    public void configureBlocking(boolean block) throws IOException {
        channel.configureBlocking(block);
    }

    @Override
    public void shutdownOutput() throws IOException {
        channel.shutdownOutput();
    }

    @Override
    public @Nullable SocketAddress localAddress() {
        return local;
    }

    @Override
    public @Nullable SocketAddress remoteAddress() {
        return remote;
    }

    @Override
    public <T> boolean setOption(SocketOption<T> option, T value) throws IOException {
        if (!channel.supportedOptions().contains(option)) {
            return false;
        }
        channel.setOption(option, value);
        return true;
    }

    @Override
    public void close() {
        // Without the FIN first, closing under a parked reader sends RST on Windows (JDK-8358764).
        try {
            if (channel.isConnected()) {
                channel.shutdownOutput();
            }
        } catch (IOException e) {
            Log.debug("shutting down before close", e);
        }
        release();
    }

    @Override
    public void reset() {
        try {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException e) {
            Log.debug("asking for RST", e);
        }
        release();
    }

    private void release() {
        try {
            channel.close();
        } catch (IOException e) {
            Log.debug("closing", e);
        }
    }
}
