// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.spi.SecureTransport;
import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The reading half of a connection, and its thread: opens the connection, reads, and has what it read delivered before it
 * reads on. Delivering is a turn of the {@link Dispatcher}; in it the reader is away from the transport, which is what lets
 * a {@link WritePath} write on the spot.
 *
 * <p>What was read is the {@link #chunk} until either a turn takes it, or, in pull mode, the thread that reads on the
 * blocking face does. At first it lies in a buffer that the next read will use again ({@link #lent}): a listener that wants
 * to keep it gets a copy, and so does a turn that has to wait for its time.
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

    /** The {@link #chunk}, while it lies in {@link #small} or in {@link #large}. Written before the chunk is. */
    private @Nullable ByteBuffer lent;

    /** Of {@link Buffers}, while it is lent. */
    private @Nullable ByteBuffer large;

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
                keepUndelivered();
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
            if (pulled) {
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
        /** Others come first, who may take their time: no large buffer waits with it. */
        @Override
        void begin() {
            super.begin();
            keepUndelivered();
        }

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
                            giveBack();
                        }
                    }
                }
                case END -> {
                    if (mayDeliver()) {
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

    /** What was read and not delivered when the stream was secured belongs to the layer, which gives nothing before confirm. */
    private void passOnToLayer() {
        if (chunk != null && connection.isHandshaking()) {
            keepUndelivered();
            ByteBuffer bytes = takeChunk();
            if (bytes != null) {
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
            if (pulled) {
                return false;
            }
            if (connection.isLettingGo() && connection.writes().isFinished()) {
                discardRest();
                return false;
            }
            ByteBuffer bytes = busy || hopeful ? tryReadLarge(connection.transport(), null) : null;
            if (hopeful) {
                learn(bytes != null);
            }
            if (bytes == null && !atEnd) {
                bytes = readSmall(); // parks
            }
            lent = bytes;
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
        connection.received(n);
        target.flip();
        if (n == 0 || isForLayer(transport, target)) {
            return null;
        }
        if (n < target.capacity()) {
            if (target.capacity() > SMALL_LIMIT && n < target.capacity() / 4) {
                small = null;
            }
            return target;
        }
        ByteBuffer more = tryReadLarge(transport, target);
        grow(n);
        return more == null ? target : more;
    }

    /** The stream was secured while we read: what has arrived belongs to the new layer. */
    @SuppressWarnings("ReferenceEquality") // a transport is what it is
    private boolean isForLayer(Transport readFrom, ByteBuffer bytes) {
        Transport now = connection.transport();
        if (now != readFrom && now instanceof SecureTransport layer) {
            layer.unread(copy(bytes));
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
     * @param transport from which head has come, if there is one
     * @param head what comes before it, or null
     * @return head and what was read, or null if nothing was
     */
    private @Nullable ByteBuffer tryReadLarge(Transport transport, @Nullable ByteBuffer head) throws IOException {
        WritePath writes = connection.writes();
        if (!writes.beginTryRead()) {
            busy = false;
            return null;
        }
        ByteBuffer target = Buffers.take();
        if (head != null) {
            target.put(head.duplicate());
        }
        int n = 0;
        try {
            n = transport.read(target);
        } finally {
            writes.endTryRead();
            if (n <= 0) {
                Buffers.give(target);
            }
        }
        if (n <= 0) {
            busy = false;
            atEnd = n < 0;
            return null;
        }
        connection.received(n);
        busy = n > SMALL_LIMIT;
        large = target.flip();
        return target;
    }

    // -- What lies in a buffer of ours. --

    private static ByteBuffer copy(ByteBuffer source) {
        byte[] bytes = new byte[source.remaining()];
        source.get(source.position(), bytes);
        return ByteBuffer.wrap(bytes);
    }

    /**
     * What a turn has taken, for someone who may keep it.
     *
     * @return the same bytes, in a buffer of their own
     */
    @SuppressWarnings("ReferenceEquality") // a buffer is lent or not, whatever is in it
    ByteBuffer own(ByteBuffer taken) {
        if (taken != lent) {
            return taken;
        }
        ByteBuffer own = copy(taken);
        giveBack();
        return own;
    }

    /** What a turn has taken is not needed any more. */
    private void giveBack() {
        lent = null;
        ByteBuffer used = large;
        if (used != null) {
            large = null;
            Buffers.give(used);
        }
    }

    /** What is still to be delivered, or pulled, must not lie where the next read puts its bytes. */
    private void keepUndelivered() {
        ByteBuffer bytes = lent;
        if (bytes == null) {
            return;
        }
        if (CHUNK.compareAndSet(this, bytes, copy(bytes))) {
            giveBack();
        } else {
            // Someone pulls from it, and for how long is not known: it is not used again.
            lent = null;
            large = null;
            small = null;
        }
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
            while (reading || connection.isOpening()) {
                if (Thread.currentThread().isInterrupted()) {
                    throw connection.interrupted("read");
                }
                LockSupport.park(this); // parks
            }
            passOnToLayer();
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
            chunk = bytes.slice(); // another one, so that the reader sees that it was taken
        }
        return n;
    }

    private int pullDirectly(ByteBuffer target) throws IOException {
        int n;
        do {
            if (connection.isClosed()) {
                throw connection.notReadable();
            }
            n = pullOnce(target); // parks
            if (connection.isSecureDue()) {
                connection.dispatcher().performNested(new SecureTask()); // parks
            }
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
