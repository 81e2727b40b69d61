// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import java.io.FileDescriptor;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.newsclub.net.unix.AFUNIXSocketChannel;

/**
 * A Unix stream socket over which descriptors pass. The JDK's channel would read the bytes and drop the descriptors, so a
 * {@link MessageReader} reads, and junixsocket's channel writes, on a duplicate and in non-blocking mode; the JDK's is what
 * the {@link Poller} waits for.
 */
/*
 * Descriptors must go with certain bytes, whose way leads through the engine's queue. There a buffer is duplicated, but its
 * array stays the same: so the array, which no one else has, is what they are attached to.
 */
final class PassingTransport extends UnixTransport {
    /** What has been opened over the connected channel. */
    private record Opened(AFUNIXSocketChannel channel, int number, MessageReader reader, Poller.Readiness readiness) {}

    private volatile boolean blocking = true;
    private volatile @Nullable Opened opened;

    // -- Guarded by this; and no call is made on the duplicate without it, for its number may be another's when it is
    // closed. --
    private boolean disposed;
    private final IdentityHashMap<byte[], FileDescriptor[]> attached = new IdentityHashMap<>();
    private final List<FileDescriptor> received = new ArrayList<>();

    PassingTransport(SocketChannel channel) {
        super(channel);
    }

    @Override
    public void connect(SocketAddress address) throws IOException {
        super.connect(address instanceof PassingAddress passing ? passing.plain() : address); // parks
        open();
    }

    /** The channel is connected. */
    PassingTransport open() throws IOException {
        Posix.require("passing descriptors");
        channel().configureBlocking(false);
        AFUNIXSocketChannel duplicate = Junix.channel(Descriptors.of(channel()));
        try {
            Descriptors.requireOpen(channel());
            duplicate.configureBlocking(false);
            int number = Junix.number(duplicate.getFileDescriptor());
            opened = new Opened(duplicate, number, new MessageReader(), new Poller.Readiness(channel()));
        } catch (IOException | RuntimeException e) {
            Junix.close(duplicate);
            throw e;
        }
        synchronized (this) {
            if (!disposed) {
                return this;
            }
        }
        release();
        throw new ClosedChannelException();
    }

    private Opened opened() {
        return Objects.requireNonNull(opened, "not connected");
    }

    // -- Reading and writing. --

    @Override
    public void configureBlocking(boolean block) {
        blocking = block;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        Opened io = opened();
        for (; ; ) {
            int n = tryRead(io, target);
            if (n != 0 || !blocking) {
                return n;
            }
            io.readiness.awaitReadable(); // parks
        }
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        Opened io = opened();
        for (; ; ) {
            int n = tryWrite(io.channel, source);
            if (n != 0 || !blocking) {
                return n;
            }
            io.readiness.awaitWritable(); // parks
        }
    }

    private synchronized int tryRead(Opened io, ByteBuffer target) throws IOException {
        requireOpen();
        int n = io.reader.read(io.number, target, received);
        if (received.size() > DescriptorPassing.MAX_RECEIVED) {
            throw new IOException("the peer has passed more than " + DescriptorPassing.MAX_RECEIVED
                    + " descriptors that no one has taken");
        }
        return n;
    }

    @SuppressWarnings("ByteBufferBackingArray") // the array is compared, not looked into
    private synchronized int tryWrite(AFUNIXSocketChannel channel, ByteBuffer source) throws IOException {
        requireOpen();
        FileDescriptor[] descriptors = source.hasArray() ? attached.get(source.array()) : null;
        if (descriptors == null) {
            return channel.write(source);
        }
        channel.setOutboundFileDescriptors(descriptors);
        int n = channel.write(source);
        if (n > 0) {
            detach(source.array()); // they are on their way
        }
        return n;
    }

    private void requireOpen() throws ClosedChannelException {
        if (disposed) {
            throw new ClosedChannelException();
        }
    }

    /** One after the other: descriptors go with the first byte of a call. */
    @Override
    public long write(ByteBuffer[] sources, int count) throws IOException {
        return write(sources[0]); // parks
    }

    // -- Descriptors. --

    /** Has duplicates of descriptors go with the first byte of an array that is about to be written. */
    void attach(byte[] bytes, FileDescriptor[] descriptors) throws IOException {
        FileDescriptor[] duplicates = new FileDescriptor[descriptors.length];
        int made = 0;
        try {
            while (made < descriptors.length) {
                duplicates[made] = Junix.duplicate(descriptors[made]);
                made++;
            }
            synchronized (this) {
                if (!disposed) {
                    attached.put(bytes, duplicates);
                    return;
                }
            }
        } catch (IOException | RuntimeException e) {
            closeAll(Arrays.asList(duplicates).subList(0, made));
            throw e;
        }
        closeAll(List.of(duplicates));
    }

    /** They are with the kernel, or will never be. */
    void detach(byte[] bytes) {
        FileDescriptor[] descriptors;
        synchronized (this) {
            descriptors = attached.remove(bytes);
        }
        if (descriptors != null) {
            closeAll(List.of(descriptors));
        }
    }

    synchronized List<FileDescriptor> received() {
        List<FileDescriptor> taken = List.copyOf(received);
        received.clear();
        return taken;
    }

    @Override
    public <T> @Nullable T feature(Class<T> type) {
        return type == PassingTransport.class ? type.cast(this) : super.feature(type);
    }

    // -- Closing. --

    @Override
    public void close() {
        super.close();
        release();
    }

    @Override
    public void reset() {
        super.reset();
        release();
    }

    private void release() {
        List<FileDescriptor> left;
        Opened io = opened;
        synchronized (this) {
            disposed = true;
            left = new ArrayList<>(received);
            attached.values().forEach(descriptors -> left.addAll(List.of(descriptors)));
            received.clear();
            attached.clear();
            if (io != null) {
                try {
                    Junix.close(io.channel);
                } catch (IOException e) {
                    debug("closing", e);
                }
            }
        }
        if (io != null) {
            io.readiness.closed();
        }
        closeAll(left);
    }

    private static void closeAll(List<FileDescriptor> descriptors) {
        for (FileDescriptor descriptor : descriptors) {
            try {
                Junix.close(descriptor);
            } catch (IOException e) {
                debug("closing a descriptor that was to be passed", e);
            }
        }
    }

    private static void debug(String what, IOException e) {
        System.getLogger("dev.weft.net").log(Level.DEBUG, what, e);
    }
}
