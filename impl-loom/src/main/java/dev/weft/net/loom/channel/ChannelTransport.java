// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom.channel;

import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/** A JDK socket channel, whose blocking calls park a virtual thread: TCP, and what else the JDK has channels for. */
public class ChannelTransport implements Transport {
    private static final Logger LOGGER = System.getLogger("dev.weft.net");

    /**
     * The JDK copies a heap buffer into a direct one of the same size and keeps that for the carrier thread: large writes
     * go in pieces, or one of 100 MB would pin down 100 MB for good.
     */
    private static final int MAX_HEAP_WRITE = 256 << 10;

    private final String protocol;
    private volatile SocketChannel channel;
    private volatile @Nullable SocketAddress local;
    private volatile @Nullable SocketAddress remote;

    /** Guarded by this. */
    private boolean closed;

    /**
     * A transport.
     *
     * @param channel in blocking mode, from now on this transport's own
     * @param protocol what messages call it
     */
    public ChannelTransport(SocketChannel channel, String protocol) {
        this.channel = channel;
        this.protocol = protocol;
    }

    /** {@return the channel} */
    protected final SocketChannel channel() {
        return channel;
    }

    /**
     * The channel is connected: keeps its addresses, since a closed one tells none.
     *
     * @return this
     * @throws IOException if it was closed meanwhile
     */
    public ChannelTransport connected() throws IOException {
        return connected(channel.getLocalAddress(), channel.getRemoteAddress());
    }

    /**
     * The channel is connected, and has addresses that it does not know itself.
     *
     * @param here our own
     * @param there the peer's
     * @return this
     */
    public ChannelTransport connected(SocketAddress here, SocketAddress there) {
        local = here;
        remote = there;
        return this;
    }

    /**
     * Puts a new channel in the place of one that has failed to connect, which the JDK has closed.
     *
     * @param fresh not connected
     * @throws IOException if the transport was closed; then so is the channel
     */
    protected final void replace(SocketChannel fresh) throws IOException {
        synchronized (this) {
            if (!closed) {
                channel = fresh;
                return;
            }
        }
        fresh.close();
        throw new ClosedChannelException();
    }

    @Override
    public String protocol() {
        return protocol;
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
        SocketChannel last = lastChannel();
        // Without the FIN first, closing under a parked reader sends RST on Windows (JDK-8358764).
        try {
            if (last.isConnected()) {
                last.shutdownOutput();
            }
        } catch (IOException e) {
            debug("shutting down before close", e);
        }
        release(last);
    }

    @Override
    public void reset() {
        SocketChannel last = lastChannel();
        try {
            last.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException e) {
            debug("asking for RST", e);
        }
        release(last);
    }

    /** From now on there is no other. */
    private synchronized SocketChannel lastChannel() {
        closed = true;
        return channel;
    }

    private static void release(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            debug("closing", e);
        }
    }

    private static void debug(String what, IOException e) {
        LOGGER.log(Level.DEBUG, what, e);
    }
}
