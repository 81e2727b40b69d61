// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * Any transport, but it cuts what is read and written into small pieces, and in non-blocking mode sometimes does nothing at
 * all: everything that {@link Transport} allows, and a kernel seldom does.
 */
final class ChunkingTransport extends CheckedTransport {
    private final int most;

    // One thread reads and one writes, so each has its own.
    private final SplittableRandom reads;
    private final SplittableRandom writes;

    /**
     * @param most bytes in one piece
     */
    ChunkingTransport(Transport delegate, SplittableRandom random, int most) {
        super(delegate);
        this.most = most;
        this.reads = random.split();
        this.writes = random.split();
    }

    private static ByteBuffer piece(ByteBuffer buffer, SplittableRandom random, int most) {
        ByteBuffer piece = buffer.duplicate();
        piece.limit(piece.position() + Math.min(piece.remaining(), 1 + random.nextInt(most)));
        return piece;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        if (!isBlocking() && reads.nextInt(4) == 0) {
            return 0;
        }
        ByteBuffer piece = piece(target, reads, most);
        int n = super.read(piece);
        target.position(piece.position());
        return n;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        if (!isBlocking() && writes.nextInt(4) == 0) {
            return 0;
        }
        ByteBuffer piece = piece(source, writes, most);
        int n = super.write(piece);
        source.position(piece.position());
        return n;
    }

    @Override
    public long write(ByteBuffer[] sources, int count) throws IOException {
        int pieces = isBlocking() ? 1 : 1 + writes.nextInt(count);
        long sum = 0;
        for (int i = 0; i < pieces; i++) {
            sum += write(sources[i]);
            if (sources[i].hasRemaining()) {
                break;
            }
        }
        return sum;
    }
}
