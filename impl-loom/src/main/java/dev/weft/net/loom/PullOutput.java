// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/** The blocking face of a connection's writing half. */
final class PullOutput extends OutputStream {
    private final Connection connection;
    private final Puller puller;

    /** One write at a time: those of several threads do not mix. */
    private final ReentrantLock lock = new ReentrantLock();

    PullOutput(Connection connection) {
        this.connection = connection;
        puller = connection.puller();
    }

    boolean isOf(Connection other) {
        return connection == other;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        write(ByteBuffer.wrap(bytes, offset, length));
    }

    void write(ByteBuffer bytes) throws IOException {
        lock.lock(); // parks
        try {
            puller.awaitHandshake(); // parks
            connection.writes().writeBlocking(bytes); // parks
        } finally {
            lock.unlock();
        }
    }

    /** Whether it was closed before all was written, and FIN. */
    boolean wasCut() {
        return connection.isClosed() && !connection.isAllWritten();
    }

    IOException whyClosed() {
        return connection.notWritable();
    }

    /** Ends our half of the stream, as {@link dev.weft.net.Stream#end()} does; the other half stays open. */
    @Override
    public void close() {
        connection.end();
    }
}
