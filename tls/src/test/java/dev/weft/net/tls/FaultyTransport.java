// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.SplittableRandom;

/**
 * A socket that does everything that {@link Transport} allows and a kernel seldom does: it reads and writes pieces of seeded
 * sizes, and nothing at all now and then where it may; or it collects what is written, until it is flushed, and sends that in
 * one piece.
 */
final class FaultyTransport extends ConnectedTransport {
    private static final int MOST_COLLECTED = 100_000;

    private final SocketChannel channel;
    private final int most;
    private final boolean collects;

    // One thread reads and one writes, so each has its own.
    private final SplittableRandom reads;
    private final SplittableRandom writes;

    private final ByteBuffer collected = ByteBuffer.allocate(MOST_COLLECTED);

    /** The mode that was set, since a channel's own may be told only by a lock. */
    private volatile boolean blocking = true;

    /**
     * @param most bytes in one piece
     */
    FaultyTransport(SocketChannel channel, SplittableRandom random, int most, boolean collects) {
        this.channel = channel;
        this.most = most;
        this.collects = collects;
        reads = random.split();
        writes = random.split();
    }

    @Override
    public String protocol() {
        return "faulty";
    }

    private ByteBuffer piece(ByteBuffer buffer, SplittableRandom random) {
        ByteBuffer piece = buffer.duplicate();
        piece.limit(piece.position() + Math.min(piece.remaining(), 1 + random.nextInt(most)));
        return piece;
    }

    private boolean doesNothing(SplittableRandom random) {
        return !blocking && random.nextInt(4) == 0;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        if (!target.hasRemaining()) {
            throw new IllegalArgumentException("a read without room");
        }
        if (doesNothing(reads)) {
            return 0;
        }
        ByteBuffer piece = piece(target, reads);
        int n = channel.read(piece);
        target.position(piece.position());
        return n;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        if (!source.hasRemaining()) {
            throw new IllegalArgumentException("a write without bytes");
        }
        if (doesNothing(writes)) {
            return 0;
        }
        ByteBuffer piece = piece(source, writes);
        int n;
        if (collects) {
            if (collected.remaining() < piece.remaining() && !flush()) {
                return 0;
            }
            n = piece.remaining();
            collected.put(piece);
        } else {
            n = channel.write(piece);
        }
        source.position(piece.position());
        return n;
    }

    @Override
    public long write(ByteBuffer[] sources, int count) throws IOException {
        return write(sources[0]);
    }

    @Override
    public boolean flush() throws IOException {
        collected.flip();
        try {
            while (collected.hasRemaining()) {
                if (channel.write(collected) == 0) {
                    return false;
                }
            }
            return true;
        } finally {
            collected.compact();
        }
    }

    @Override
    public void configureBlocking(boolean block) throws IOException {
        blocking = block;
        channel.configureBlocking(block);
    }

    @Override
    public void shutdownOutput() throws IOException {
        if (collected.position() > 0) {
            throw new IllegalStateException("FIN before a flush");
        }
        channel.shutdownOutput();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new AssertionError("closing", e);
        }
    }

    @Override
    public void reset() {
        close();
    }
}
