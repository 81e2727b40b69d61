// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.spi.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetConnectedException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One end of a pipe in memory: a whole transport that has nothing to do with the JDK's channels, with a bounded buffer in each
 * direction, blocking and non-blocking calls, ends on either side, and resets.
 */
public final class PipeTransport implements Transport, Modal {
    /** One direction. */
    private static final class Line {
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private final byte[] ring;

        // -- Guarded by lock. --
        private int first;
        private int size;
        private boolean ended;
        private boolean readerGone;
        private boolean reset;
        private ByteArrayOutputStream tap;

        Line(int capacity) {
            ring = new byte[capacity];
        }

        void put(byte b) {
            ring[(first + size++) % ring.length] = b;
            if (tap != null) {
                tap.write(b);
            }
        }

        byte take() {
            byte b = ring[first];
            first = (first + 1) % ring.length;
            size--;
            return b;
        }

        void change(Runnable change) {
            lock.lock();
            try {
                change.run();
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private final int capacity;
    private volatile Line in;
    private volatile Line out;
    private volatile SocketAddress local;
    private volatile SocketAddress remote;
    private volatile boolean blocking = true;
    private volatile boolean closed;

    /** An end to be connected. */
    PipeTransport(int capacity) {
        this.capacity = capacity;
    }

    /** Two ends that are connected. */
    static PipeTransport[] pair(int capacity) {
        PipeTransport client = new PipeTransport(capacity);
        PipeTransport server = client.attach(new PipeAddress("client"), new PipeAddress("server"));
        return new PipeTransport[] {client, server};
    }

    /** {@return the other end} */
    PipeTransport attach(SocketAddress ours, SocketAddress theirs) {
        PipeTransport other = new PipeTransport(capacity);
        in = other.out = new Line(capacity);
        out = other.in = new Line(capacity);
        local = other.remote = ours;
        remote = other.local = theirs;
        return other;
    }

    /** From now on keeps a copy of what is written on this end. */
    PipeTransport tap() {
        out.change(() -> out.tap = new ByteArrayOutputStream());
        return this;
    }

    byte[] tapped() {
        out.lock.lock();
        try {
            return out.tap.toByteArray();
        } finally {
            out.lock.unlock();
        }
    }

    @Override
    public boolean isBlocking() {
        return blocking;
    }

    boolean isClosed() {
        return closed;
    }

    boolean isEnded() {
        return out.ended;
    }

    @Override
    public String protocol() {
        return "pipe";
    }

    @Override
    public <T> T feature(Class<T> type) {
        return type == CharSequence.class ? type.cast("a pipe") : null;
    }

    @Override
    public void connect(SocketAddress address) throws IOException {
        if (in == null) {
            PipeNetwork.connect(this, address);
        }
        if (closed) {
            close();
            throw new AsynchronousCloseException();
        }
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        Line line = connected(in);
        line.lock.lock();
        try {
            while (blocking && !closed && line.size == 0 && !line.ended && !line.reset) {
                line.changed.awaitUninterruptibly();
            }
            checkOpen();
            if (line.reset) {
                throw new SocketException("Connection reset");
            }
            if (line.size == 0) {
                return line.ended ? -1 : 0;
            }
            int n = Math.min(line.size, target.remaining());
            for (int i = 0; i < n; i++) {
                target.put(line.take());
            }
            line.changed.signalAll();
            return n;
        } finally {
            line.lock.unlock();
        }
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        return (int) write(new ByteBuffer[] {source}, 1);
    }

    @Override
    public long write(ByteBuffer[] sources, int count) throws IOException {
        Line line = connected(out);
        line.lock.lock();
        try {
            while (blocking && !closed && line.size == line.ring.length && !line.readerGone) {
                line.changed.awaitUninterruptibly();
            }
            checkOpen();
            if (line.readerGone) {
                throw new IOException("Broken pipe");
            }
            if (line.ended) {
                throw new ClosedChannelException();
            }
            long n = 0;
            for (int i = 0; i < count; i++) {
                while (sources[i].hasRemaining() && line.size < line.ring.length) {
                    line.put(sources[i].get());
                    n++;
                }
            }
            line.changed.signalAll();
            return n;
        } finally {
            line.lock.unlock();
        }
    }

    private static Line connected(Line line) {
        if (line == null) {
            throw new NotYetConnectedException();
        }
        return line;
    }

    private void checkOpen() throws IOException {
        if (closed) {
            throw new AsynchronousCloseException();
        }
    }

    @Override
    public void configureBlocking(boolean block) throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        blocking = block;
    }

    @Override
    public void shutdownOutput() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        out.change(() -> out.ended = true);
    }

    @Override
    public SocketAddress localAddress() {
        return local;
    }

    @Override
    public SocketAddress remoteAddress() {
        return remote;
    }

    @Override
    public <T> boolean setOption(SocketOption<T> option, T value) {
        return false;
    }

    /** As TCP does it: who closes with unread bytes resets. */
    @Override
    public void close() {
        close(in != null && in.size > 0);
    }

    @Override
    public void reset() {
        close(true);
    }

    private void close(boolean hard) {
        closed = true;
        if (in != null) {
            out.change(() -> {
                out.ended = true;
                out.reset |= hard;
            });
            in.change(() -> in.readerGone = true);
        }
    }
}
