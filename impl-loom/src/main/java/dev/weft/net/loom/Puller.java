// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.spi.SecureTransport;
import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Pull mode: reading on the threads of whoever asks on the blocking face, once the {@link Reader} has left it to them; and
 * what a thread that reads or writes there has to wait for, or to do, before bytes may flow.
 *
 * <p>A handshake is the reader's as long as it is there. But it may have gone before the stream was secured, and it may wait
 * for the very listener that is on the blocking face now: then whoever is here goes on with the handshake, and has
 * {@code secure} told.
 */
/*
 * One thread at a time reads: the reader until Reader.isHandedOver, then whoever holds the lock. No one waits for the
 * dispatcher while he holds it, or is waited for by someone who does: a listener may be among those who want it.
 */
final class Puller {
    private final Connection connection;
    private final Reader reader;

    /** The right to read, among those who pull: each byte is for one of several threads. */
    private final ReentrantLock lock = new ReentrantLock();

    /** Those who wait for something that is not theirs to do. */
    private final Queue<Thread> waiting = new ConcurrentLinkedQueue<>();

    Puller(Connection connection) {
        this.connection = connection;
        reader = connection.reader();
    }

    /** The reader has come to something else, the handshake has got further, or the connection has closed. */
    void wake() {
        if (!waiting.isEmpty()) {
            waiting.forEach(LockSupport::unpark);
        }
    }

    // -- Reading. --

    /**
     * Reads on the caller's thread. Parks.
     *
     * @return how many bytes, one or more, or -1 at the end
     */
    int pull(ByteBuffer target) throws IOException {
        for (; ; ) {
            awaitReader(); // parks
            lock.lock(); // parks
            try {
                int n = isOurs() ? tryPull(target) : 0; // parks
                if (n != 0) {
                    return n;
                }
            } finally {
                unlock();
            }
        }
    }

    /** Zero if what was read was not for the program. */
    private int tryPull(ByteBuffer target) throws IOException {
        ByteBuffer bytes = reader.takeChunk();
        if (bytes != null) {
            return pullFrom(bytes, target);
        }
        if (reader.isAtEnd()) {
            return pullEnd();
        }
        int n = once(() -> readDirectly(target)); // parks
        if (n < 0) {
            endPulling(); // parks
            return pullEnd();
        }
        if (n > 0) {
            connection.received(n);
        }
        return n;
    }

    private int pullFrom(ByteBuffer bytes, ByteBuffer target) {
        int n = Math.min(bytes.remaining(), target.remaining());
        target.put(target.position(), bytes, bytes.position(), n);
        target.position(target.position() + n);
        bytes.position(bytes.position() + n);
        if (bytes.hasRemaining()) {
            reader.putBack(bytes.slice()); // another one, so that the reader sees that it was taken
        }
        return n;
    }

    private int readDirectly(ByteBuffer target) throws IOException {
        int position = target.position();
        Transport transport = connection.transport();
        int n = readOnce(transport, target); // parks
        SecureTransport layer = connection.layerOver(transport);
        if (layer == null) {
            return n;
        }
        // The stream was secured while we read: it is the layer's, which also finds the end by itself.
        if (n > 0) {
            layer.unread(Intake.copy(target.duplicate().flip().position(position)));
            target.position(position);
        }
        return 0;
    }

    private int readOnce(Transport transport, ByteBuffer target) throws IOException {
        WritePath writes = connection.writes();
        int n;
        writes.beforeRead();
        try {
            n = transport.read(target); // parks
        } finally {
            writes.afterRead();
        }
        if (n == 0) {
            writes.requestFlush();
        }
        return n;
    }

    /** Where to put what is pulled. */
    @FunctionalInterface
    interface Sink {
        /**
         * Parks until it does not need the bytes any more.
         *
         * @param lent good until this returns
         */
        void take(ByteBuffer lent) throws IOException;
    }

    /**
     * Reads on the caller's thread, and passes on what comes, until the end. Parks.
     *
     * @return how many bytes that were
     */
    long pullAll(Sink sink) throws IOException {
        Intake pulling = new Intake(connection); // the reader's may still be in use
        long total = 0;
        for (ByteBuffer bytes = pullLent(pulling); bytes != null; bytes = pullLent(pulling)) {
            total += bytes.remaining();
            try {
                sink.take(bytes); // parks
            } catch (Throwable e) {
                pulling.abandon(); // a write that was given up may still look at it
                throw e;
            }
            pulling.giveBack();
        }
        return total;
    }

    /** Null at the end. */
    private @Nullable ByteBuffer pullLent(Intake pulling) throws IOException {
        for (; ; ) {
            awaitReader(); // parks
            lock.lock(); // parks
            try {
                if (isOurs()) {
                    ByteBuffer bytes = tryPullLent(pulling); // parks
                    if (bytes != null || reader.isAtEnd()) {
                        return bytes;
                    }
                }
            } finally {
                unlock();
            }
        }
    }

    private @Nullable ByteBuffer tryPullLent(Intake pulling) throws IOException {
        ByteBuffer bytes = reader.takeChunk();
        if (bytes == null && !reader.isAtEnd()) {
            pulling.letOthersRun(); // parks
            int unused = once(() -> pulling.read() == null ? 0 : 1); // parks
            bytes = pulling.lent();
            if (pulling.isAtEnd()) {
                endPulling(); // parks
            }
        }
        if (bytes == null && reader.isAtEnd()) {
            int unused = pullEnd();
        }
        return bytes;
    }

    @FunctionalInterface
    private interface Read {
        int once() throws IOException;
    }

    private int once(Read read) throws IOException {
        if (connection.isClosed()) {
            throw connection.notReadable();
        }
        try {
            return read.once(); // parks
        } catch (IOException | RuntimeException e) {
            if (connection.isClosed()) {
                Nudge.soon(); // under our read
            }
            reader.awaitWriteFailure(); // parks
            throw connection.readFailed(e);
        }
    }

    private void endPulling() throws IOException {
        reader.awaitWriteFailure(); // parks
        if (connection.failPending()) {
            throw connection.notReadable();
        }
        reader.setAtEnd();
    }

    private int pullEnd() {
        if (reader.claimEnd()) {
            connection.dispatcher().post(connection::deliverEnd);
        }
        return -1;
    }

    // -- Waiting, and the handshake. --

    private boolean isOurs() {
        return connection.isClosed() || (reader.isHandedOver() && !connection.isHandshaking());
    }

    /** Parks until the reader thread has left reading to us. */
    private void awaitReader() throws IOException {
        if (!isOurs()) {
            await("read", true); // parks
        }
    }

    /** Before a write on the blocking face, which would wait for the handshake: someone must go on with it. Parks. */
    void awaitHandshake() throws IOException {
        if (connection.isHandshaking() || connection.isOpening()) {
            refuseToWaitForOurselves();
            await("write", false); // parks
        }
    }

    private void await(String operation, boolean toRead) throws IOException {
        Thread self = Thread.currentThread();
        waiting.add(self);
        try {
            while (toRead ? !isOurs() : connection.isHandshaking() && !connection.isClosed()) {
                refuseToWaitForOurselves();
                if (!goOnWithHandshake()) {
                    if (self.isInterrupted()) {
                        throw connection.interrupted(operation);
                    }
                    LockSupport.park(this); // parks
                }
            }
        } finally {
            waiting.remove(self);
        }
    }

    private void refuseToWaitForOurselves() {
        if (!connection.dispatcher().isInTask()) {
            return;
        }
        String what = connection.isOpening()
                ? "it is connected, which happens after this listener has returned"
                : connection.isTellingSecure() ? "the secure listeners have returned" : null;
        if (what != null) {
            throw new IllegalStateException("the blocking face of " + connection.streamText()
                    + " carries nothing until " + what + ": use it on another thread");
        }
    }

    /**
     * Goes on with the handshake if nobody else can. Nothing of the program's is read meanwhile. Parks.
     *
     * @return false if it is for others to go on
     */
    private boolean goOnWithHandshake() throws IOException {
        boolean inTask = connection.dispatcher().isInTask();
        if (connection.isSecureDue() && inTask) {
            connection.deliverSecureIfDue(); // who is to tell it waits for this task
            return true;
        }
        boolean readerCannot = reader.isHandedOver() || (inTask && reader.isInTurn());
        if (!readerCannot || !connection.isHandshaking() || connection.isSecureDue() || !lock.tryLock()) {
            return false;
        }
        try {
            reader.passOnToLayer();
            int unused = once(() -> readOnce(connection.transport(), ByteBuffer.allocate(1))); // parks
        } finally {
            unlock();
        }
        if (!inTask && connection.isSecureDue()) {
            // Not perform: a listener may be on its way to wait for what this thread does next.
            connection.dispatcher().post(connection::deliverSecureIfDue);
        }
        return true;
    }

    private void unlock() {
        lock.unlock();
        if (connection.isHandshaking()) {
            wake();
        }
    }
}
