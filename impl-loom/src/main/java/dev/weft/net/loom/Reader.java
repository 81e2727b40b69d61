// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.spi.SecureTransport;
import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The reading half of a connection, and its thread: opens the connection, reads, and has what it read delivered before it
 * reads on. Delivering is a turn of the {@link Dispatcher}; in it the reader is away from the transport, which is what lets
 * a {@link WritePath} write on the spot.
 *
 * <p>What was read is the {@link #chunk} until either a turn takes it, or, in pull mode, the thread that reads on the
 * blocking face does.
 */
final class Reader implements Runnable {
    /** What a parked read holds: it fits small messages, and grows to what this connection receives, up to the limit. */
    private static final int SMALL = 128;

    private static final int SMALL_LIMIT = 1024;

    private static final int SMALL_LIMIT_BESIDE_WRITER = 32 << 10;

    /** After some tries to read in a row that have found nothing, so many reads at most are made without one. */
    private static final int MAX_DISCOURAGED = 16;

    /** How long an end waits for a write to fail, if there is one under way: long enough for a machine that is overloaded. */
    private static final long WRITE_FAILURE_NANOS = 100_000_000;

    /** How long the first bytes of a connection that we opened wait for a listener. */
    private static final long FIRST_LISTENER_NANOS = 200_000_000;

    private static final long HANDSHAKE_LOOK_NANOS = 1_000_000;

    /** A peer that sends more than so many large buffers while we let go gets its RST. */
    private static final int DISCARDS = 64;

    private static final VarHandle CHUNK;

    static {
        try {
            CHUNK = MethodHandles.lookup().findVarHandle(Reader.class, "chunk", ByteBuffer.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private enum Turn {
        OPENED,
        SECURE,
        DATA,
        END
    }

    private final Connection connection;
    private final Relay relay = Relay.INSTANCE;
    private final TurnTask turnTask = new TurnTask();

    // -- Used by the reader, and by the turn for which it waits. --
    private Turn turn = Turn.OPENED;
    private boolean busy;
    private int calls;
    private int misses;

    /** How many reads are still to be made without a try, the first one among them: it has no past to hope from. */
    private int discouraged = 1;

    private boolean listenerAwaited;
    private @Nullable ByteBuffer small;

    // -- Shared with those who pause and pull. --
    private volatile @Nullable Thread thread;
    private volatile boolean paused;
    private volatile boolean pulled;

    /** From before the reader looks at {@link #pulled} until {@link #chunk} or {@link #atEnd} is set. */
    private volatile boolean reading;

    private volatile @Nullable ByteBuffer chunk;
    private volatile boolean atEnd;
    private volatile boolean endTold;
    private volatile @Nullable Thread puller;

    Reader(Connection connection) {
        this.connection = connection;
    }

    void start() {
        Thread reader = Threads.READER.newThread(this);
        thread = reader;
        reader.start();
    }

    // -- For any thread. --

    void pause() {
        paused = true;
    }

    void resume() {
        paused = false;
        wake();
    }

    boolean isPaused() {
        return paused;
    }

    /** The connection has closed, or a listener has come. */
    void wake() {
        LockSupport.unpark(thread);
        LockSupport.unpark(puller);
    }

    /** Whether the reader is still there to find out that the connection is broken. */
    boolean isFlowing() {
        return thread != null && !paused && !pulled && !atEnd;
    }

    /** Whether the reader thread will look at its connection before it reads again; see Connection.outputFinished. */
    boolean isAway() {
        return thread != null && !reading && !pulled && !atEnd;
    }

    // -- The reader thread. --

    @Override
    public void run() {
        relay.join();
        try {
            connection.open();
            deliver(Turn.OPENED);
            flow();
        } catch (Throwable e) {
            connection.readFailed(e);
        } finally {
            thread = null;
            relay.leave();
            LockSupport.unpark(puller);
        }
    }

    private void flow() throws IOException {
        while (awaitFlow()) {
            if (chunk == null && !atEnd && !read()) {
                if (connection.isSecureDue()) {
                    deliver(Turn.SECURE);
                }
                continue;
            }
            if (chunk != null) {
                awaitListener();
                deliver(Turn.DATA);
            } else if (atEnd) {
                awaitWriteFailure();
                deliver(Turn.END);
                if (endTold) {
                    return;
                }
            }
        }
    }

    /** Parks while paused; false if this thread has nothing more to do. */
    private boolean awaitFlow() {
        while (!connection.isClosed()) {
            passOnToLayer();
            if (connection.isLettingGo()) {
                return true;
            }
            if (pulled && !connection.isHandshaking()) {
                return false;
            }
            if (!paused || connection.isHandshaking()) {
                return true;
            }
            if (connection.failPending()) {
                return false;
            }
            LockSupport.park(this); // parks
        }
        return false;
    }

    private void deliver(Turn next) {
        turn = next;
        connection.dispatcher().perform(turnTask); // parks if others are being delivered
        // A listener may have left the flag set; the JDK would close the channel for it.
        Thread.interrupted();
    }

    private final class TurnTask extends Dispatcher.AwaitableTask {
        @Override
        void body() {
            if (connection.isClosed()) {
                return;
            }
            switch (turn) {
                case OPENED -> connection.deliverOpened();
                case SECURE -> connection.deliverSecure();
                case DATA -> {
                    passOnToLayer();
                    if (mayDeliver()) {
                        ByteBuffer bytes = takeChunk();
                        if (bytes != null) {
                            connection.deliverData(bytes);
                        }
                    }
                }
                case END -> {
                    passOnToLayer();
                    if (atEnd && mayDeliver()) {
                        endTold = true;
                        connection.deliverEnd();
                    }
                }
            }
        }

        private boolean mayDeliver() {
            return (!paused && !pulled) || connection.isLettingGo();
        }
    }

    /**
     * After a reset the kernel tells one of those in a call, and everyone else that the stream has ended. If someone is writing,
     * it may have been told, and not have said so yet.
     */
    private void awaitWriteFailure() {
        long deadline = System.nanoTime() + WRITE_FAILURE_NANOS;
        while (!connection.writes().isReaderFree()) {
            long rest = deadline - System.nanoTime();
            if (rest <= 0) {
                return;
            }
            LockSupport.parkNanos(this, rest); // parks
        }
    }

    /**
     * What was read and not delivered when the stream was secured belongs to the layer, which gives nothing before confirm; also
     * the end, which it has to find by itself.
     */
    private void passOnToLayer() {
        if (atEnd && connection.isHandshaking()) {
            atEnd = false;
        }
        if (chunk != null && connection.isHandshaking()) {
            ByteBuffer bytes = takeChunk();
            if (bytes != null) {
                // It was counted as the program's.
                connection.received(-bytes.remaining());
                connection.securedTransport().unread(bytes);
            }
        }
    }

    private void awaitListener() {
        if (listenerAwaited) {
            return;
        }
        long deadline = System.nanoTime() + FIRST_LISTENER_NANOS;
        while (connection.lacksDataListener() && !paused && !pulled && !connection.isClosed()) {
            long rest = deadline - System.nanoTime();
            if (rest <= 0) {
                break;
            }
            LockSupport.parkNanos(this, rest); // parks
        }
        listenerAwaited = true;
    }

    /**
     * Reads once, or finds out that this is not the time.
     *
     * @return whether {@link #chunk} or {@link #atEnd} is set now
     */
    private boolean read() throws IOException {
        boolean hopeful = letOthersRun(); // parks
        reading = true;
        try {
            if (pulled && !connection.isHandshaking()) {
                return false;
            }
            if (connection.isLettingGo() && connection.writes().isFinished()) {
                discardRest();
                return false;
            }
            ByteBuffer bytes = busy || hopeful ? tryReadLarge(null) : null;
            if (hopeful) {
                learn(bytes != null);
            }
            if (bytes == null && !atEnd) {
                bytes = readSmall(); // parks
            }
            CHUNK.setRelease(this, bytes); // the fence of reading follows
            return bytes != null || atEnd;
        } finally {
            reading = false;
            if (pulled) {
                LockSupport.unpark(puller);
            }
        }
    }

    /**
     * On a busy server there is something to read after that: then the channel need not change its mode, nor the poller be
     * armed.
     *
     * @return whether there is hope for that
     */
    private boolean letOthersRun() {
        calls++;
        if (busy) {
            relay.giveWay(calls); // parks
            return false;
        }
        return relay.letOthersRun(calls) && --discouraged < 0; // parks
    }

    private void learn(boolean hit) {
        relay.learn(hit);
        misses = hit ? 0 : Math.min(misses + 1, MAX_DISCOURAGED);
        discouraged = misses / 2;
    }

    /** The read that parks. It holds a small buffer only: most connections wait most of the time. */
    private @Nullable ByteBuffer readSmall() throws IOException {
        ByteBuffer target = small;
        if (target == null) {
            target = small = ByteBuffer.allocate(SMALL);
        }
        WritePath writes = connection.writes();
        writes.beforeRead();
        if (connection.isLettingGo() && writes.isFinished()) {
            writes.afterRead();
            return null;
        }
        Transport transport = connection.transport();
        int n;
        try {
            n = transport.read(target.clear()); // parks
        } finally {
            writes.afterRead();
        }
        if (n < 0) {
            atEnd = true;
            return null;
        }
        target.flip();
        if (n == 0 || isForLayer(transport, target)) {
            connection.touch();
            return null;
        }
        connection.received(n);
        if (n < target.capacity()) {
            if (target.capacity() > SMALL_LIMIT && n < target.capacity() / 4) {
                small = null;
            }
            return copy(target, n);
        }
        ByteBuffer more = tryReadLarge(target);
        grow(n);
        return more == null ? copy(target, n) : more;
    }

    /** The stream was secured while we read: what has arrived belongs to the new layer. */
    @SuppressWarnings("ReferenceEquality") // a transport is what it is
    private boolean isForLayer(Transport readFrom, ByteBuffer bytes) {
        Transport now = connection.transport();
        if (now != readFrom && now instanceof SecureTransport layer) {
            layer.unread(copy(bytes, bytes.remaining()));
            return true;
        }
        return false;
    }

    /** A full buffer was too small. It may become large only where no large one can be lent: a writer may be parked. */
    private void grow(int filled) {
        int limit = connection.writes().isReaderFree() ? SMALL_LIMIT : SMALL_LIMIT_BESIDE_WRITER;
        if (filled < limit) {
            small = ByteBuffer.allocate(2 * filled);
        }
    }

    /**
     * Reads into a large buffer if there is something to read.
     *
     * @param head what comes before it, or null
     * @return head and what was read, or null if nothing was
     */
    private @Nullable ByteBuffer tryReadLarge(@Nullable ByteBuffer head) throws IOException {
        WritePath writes = connection.writes();
        if (!writes.beginTryRead()) {
            busy = false;
            return null;
        }
        ByteBuffer large = Buffers.take();
        Transport transport = connection.transport();
        try {
            int n;
            try {
                n = transport.read(large);
            } finally {
                writes.endTryRead();
            }
            if (n <= 0) {
                busy = false;
                atEnd = n < 0;
                return null;
            }
            busy = n > SMALL_LIMIT;
            ByteBuffer bytes = join(head, large.flip(), n);
            if (isForLayer(transport, bytes)) {
                connection.touch();
                return null;
            }
            connection.received(n);
            return bytes;
        } finally {
            Buffers.give(large);
        }
    }

    private static ByteBuffer copy(ByteBuffer source, int length) {
        byte[] bytes = new byte[length];
        source.get(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static ByteBuffer join(@Nullable ByteBuffer head, ByteBuffer tail, int tailLength) {
        if (head == null) {
            return copy(tail, tailLength);
        }
        int headLength = head.remaining();
        byte[] bytes = new byte[headLength + tailLength];
        head.get(bytes, 0, headLength);
        tail.get(bytes, headLength, tailLength);
        return ByteBuffer.wrap(bytes);
    }

    /** Our FIN is out and we let go: unread bytes would make the kernel send RST, which may overtake what we wrote last. */
    private void discardRest() throws IOException {
        ByteBuffer waste = Buffers.take();
        try {
            connection.transport().configureBlocking(false);
            for (int i = 0; i < DISCARDS && connection.transport().read(waste.clear()) > 0; i++) {
                relay.giveWay(++calls); // parks
            }
        } finally {
            Buffers.give(waste);
            connection.close(null);
        }
    }

    private @Nullable ByteBuffer takeChunk() {
        return (ByteBuffer) CHUNK.getAndSet(this, null);
    }

    // -- Pull mode: the blocking face. --

    /** From now on bytes are for {@link #pull}; the reader thread ends as soon as it is back from its read. */
    void startPulling() {
        pulled = true;
        wake();
    }

    /**
     * Reads on the caller's thread. Parks.
     *
     * @return how many bytes, one or more, or -1 at the end
     */
    int pull(ByteBuffer target) throws IOException {
        puller = Thread.currentThread();
        try {
            while (reading || connection.isOpening() || isReaderShakingHands()) {
                if (Thread.currentThread().isInterrupted()) {
                    throw connection.interrupted("read");
                }
                LockSupport.park(this); // parks
            }
            passOnToLayer();
            completeHandshake(); // parks
            ByteBuffer bytes = takeChunk();
            if (bytes != null) {
                return pullFrom(bytes, target);
            }
            return atEnd ? pullEnd() : pullDirectly(target);
        } finally {
            puller = null;
        }
    }

    private int pullFrom(ByteBuffer bytes, ByteBuffer target) {
        int n = Math.min(bytes.remaining(), target.remaining());
        target.put(target.position(), bytes, bytes.position(), n);
        target.position(target.position() + n);
        bytes.position(bytes.position() + n);
        if (bytes.hasRemaining()) {
            chunk = bytes;
        }
        return n;
    }

    private int pullDirectly(ByteBuffer target) throws IOException {
        int n;
        do {
            if (connection.isClosed()) {
                throw connection.notReadable();
            }
            completeHandshake(); // parks
            n = pullOnce(target); // parks
        } while (n == 0);
        if (n < 0) {
            awaitWriteFailure(); // parks
            if (connection.failPending()) {
                throw connection.notReadable();
            }
            atEnd = true;
            return pullEnd();
        }
        connection.received(n);
        return n;
    }

    private int pullOnce(ByteBuffer target) throws IOException {
        try {
            WritePath writes = connection.writes();
            writes.beforeRead();
            try {
                return connection.transport().read(target); // parks
            } finally {
                writes.afterRead();
            }
        } catch (IOException | RuntimeException e) {
            throw connection.readFailed(e);
        }
    }

    /** Whether the reader thread goes on with the handshake, also in pull mode; not if it waits for this very thread. */
    private boolean isReaderShakingHands() {
        Thread reader = thread;
        return reader != null && reader != Thread.currentThread() && connection.isHandshaking();
    }

    /** Before a write on the blocking face, which would wait for the handshake: someone must go on with it. Parks. */
    void awaitHandshake() throws IOException {
        if (!pulled) {
            return;
        }
        while (isReaderShakingHands()) {
            // It tells no one but a puller when it is done.
            LockSupport.parkNanos(this, HANDSHAKE_LOOK_NANOS); // parks
            if (Thread.currentThread().isInterrupted()) {
                throw connection.interrupted("write");
            }
        }
        completeHandshake();
    }

    /** Goes on with the handshake on this thread. Nothing of the program's is read meanwhile. Parks. */
    private void completeHandshake() throws IOException {
        if (!connection.isHandshaking()) {
            return;
        }
        ReentrantLock handshakeLock = connection.handshakeLock();
        handshakeLock.lock(); // parks; one thread may read on the blocking face, and another one write
        try {
            while (connection.isHandshaking() && !connection.isClosed()) {
                int unused = pullOnce(ByteBuffer.allocate(1)); // parks
                connection.dispatcher().performNested(new SecureTask()); // parks
            }
        } finally {
            handshakeLock.unlock();
        }
    }

    private final class SecureTask extends Dispatcher.AwaitableTask {
        @Override
        void body() {
            if (!connection.isClosed() && connection.isSecureDue()) {
                connection.deliverSecure();
            }
        }
    }

    private int pullEnd() {
        if (!endTold) {
            endTold = true;
            connection.dispatcher().post(connection::deliverEnd);
        }
        return -1;
    }

    /** How many bytes {@link #pull} would give without a system call. */
    int pullable() {
        ByteBuffer bytes = chunk;
        return bytes == null ? 0 : bytes.remaining();
    }
}
