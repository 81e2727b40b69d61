// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Objects;

/** The blocking face of a connection's reading half. */
final class PullInput extends InputStream {
    /** The JDK reads into a heap array through a direct buffer of the same size, which it keeps for the carrier thread. */
    private static final int MAX_READ = 128 << 10;

    private final Connection connection;
    private final Puller puller;

    PullInput(Connection connection) {
        this.connection = connection;
        puller = connection.puller();
    }

    boolean isOf(Connection other) {
        return connection == other;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        return puller.pull(ByteBuffer.wrap(target, offset, Math.min(length, MAX_READ))); // parks
    }

    /** What waits here holds a small buffer, and what comes is passed on without a copy to the blocking face of a stream. */
    @Override
    public long transferTo(OutputStream out) throws IOException {
        Objects.requireNonNull(out, "out");
        Puller.Sink sink = new ArraySink(out);
        if (out instanceof PullOutput stream) {
            sink = stream::write;
        }
        return puller.pullAll(sink); // parks
    }

    /** For what takes arrays only. */
    private static final class ArraySink implements Puller.Sink {
        private static final byte[] NONE = {};

        private final OutputStream out;
        private byte[] array = NONE;

        ArraySink(OutputStream out) {
            this.out = out;
        }

        @Override
        public void take(ByteBuffer lent) throws IOException {
            int length = lent.remaining();
            if (array.length < length) {
                array = new byte[length];
            }
            lent.get(array, 0, length);
            out.write(array, 0, length);
        }
    }

    @Override
    public int available() {
        return connection.reader().pullable();
    }
}
