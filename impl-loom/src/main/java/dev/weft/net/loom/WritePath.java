// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The writing half of a connection: who may write at this moment, and what waits to be written.
 *
 * <pre>
 *                 opened()                write()              beforeRead()
 *   CONNECTING ─────────────▶ IDLE ─────────────────▶ FLUSHING ────────────▶ SETTLING
 *                            ▲ │ ▲   (reader away)     ▲   │ │                  │ │
 *              beforeRead()  │ │ │              write()│   │ │ kernel full      │ │
 *                            │ │ │                     │   │ │                  │ │
 *                          TURN│ └─────────────────────┼───┼─┼──────────────────┘ │
 *                            ▲ │ write()               │   │ │                    │
 *                            │ │ (reader not away)     │   │ ▼                    │
 *                            │ └───────────────────────┼───┼▶ WRITER ◀────────────┘
 *                            └─────────────────────────┴───┘    │ all written: IDLE
 *
 *   FLUSHING, SETTLING, WRITER: FIN sent ──▶ FINISHED          any: close() ──▶ CLOSED
 * </pre>
 *
 * <ul>
 *   <li>{@code IDLE}: nobody writes, nothing is queued, the transport's calls park.
 *   <li>{@code TURN}: the same while the reader is away, in non-blocking mode. Any thread may write.
 *   <li>{@code FLUSHING}: one thread is in a write that does not park.
 *   <li>{@code SETTLING}: so it is, and the reader waits for its end to read on.
 *   <li>{@code WRITER}: the writer thread, or a thread on the blocking face, is in a write that may park, or about to be.
 * </ul>
 */
/*
 * A write must never park, return true only if the kernel has taken everything, and cost no more than the system call.
 * A blocking channel has no write that tries; but it has a mode, and changing it takes some locks and no system call once
 * a virtual thread has used the channel. The mode holds for reading as well, so it can be changed only while the reader is
 * away from its read: that is, from when a read has returned, through the listeners that it caused, until the next read.
 * In that time ("the turn") every thread may write on the spot. What the kernel does not take, and what is written while
 * the reader is parked, goes to a writer thread that may park.
 *
 * The bytes of one call stay together and those of one thread in order because only one thread writes, and a write finds
 * either nothing queued or queues itself.
 */
final class WritePath {
    private enum Role {
        CONNECTING,
        IDLE,
        TURN,
        FLUSHING,
        SETTLING,
        WRITER,
        FINISHED,
        CLOSED
    }

    /** How many buffers one gathering write takes: enough to amortize the call, far below the system's limit of 1024. */
    private static final int GATHER = 16;

    /**
     * How much goes out on the spot in one turn, about what a kernel buffers for a connection. A listener that writes for as
     * long as that returns true, to a peer that reads as fast, would keep its carrier for ever.
     */
    private static final int TURN_BYTES = 4 << 20;

    /** How much of what others have queued a thread writes that only wanted to write something of its own. */
    private static final int FLUSH_BATCHES = 8;

    private static final ByteBuffer[] NOTHING = {};

    /** In the queue: what follows is written to the secured transport. */
    private static final ByteBuffer SECURE = ByteBuffer.allocate(0);

    /**
     * A writer thread that had nothing to write for so long, and for twice that at most, ends: a new one costs about as much as its
     * memory for a second. A timer wakes it to look, since a park with a time limit would cost more than the write it waits for.
     */
    private static final long QUIET_NANOS = 1_000_000_000;

    private final Connection connection;
    private final long maxQueued;

    // -- The following fields are guarded by this; nothing parks and no listener runs while it is held. --

    private Role role;
    private boolean nonBlocking;

    /** Which transport, or layer over it, was told so. */
    private @Nullable Transport modeHolder;

    /** Whether {@link #SECURE} was reached. */
    private boolean secured;

    private boolean ended;

    /** Whether the transport has made its last bytes, see {@link Transport#finishOutput}. */
    private boolean finishing;

    /** Whether the transport itself has something to flush. */
    private boolean flushRequested;

    /** Whether a write has returned false since the last drain. */
    private boolean owesDrain;

    private @Nullable ArrayDeque<ByteBuffer> queue;
    private long queued;
    private long accepted;

    private @Nullable Thread writer;

    /** A writer that was in a drain listener when there was something to write, and is back. */
    private @Nullable Thread spareWriter;

    /** Has writer threads that wait look whether they are still needed. */
    private @Nullable Future<?> quietTimer;

    /** Who on the blocking face is in WRITER instead of the writer thread. */
    private @Nullable Thread blockingWriter;

    // -- End of guarded fields. --

    /** What was written in this turn. For whoever holds FLUSHING; reset when nobody does. */
    private long turnBytes;

    /** Whether the reader is between two reads. Set by the reader alone; cleared under the lock. */
    private volatile boolean readerAway;

    /** Waits for SETTLING to end. */
    private volatile @Nullable Thread settlingReader;

    /** On the blocking face, waits until what it has queued is written. */
    private volatile @Nullable Thread flushWaiter;

    WritePath(Connection connection, boolean connected, long maxQueued) {
        this.connection = connection;
        this.maxQueued = maxQueued;
        role = connected ? Role.IDLE : Role.CONNECTING;
        readerAway = true;
    }

    /** Bytes accepted so far, queued ones included. */
    synchronized long accepted() {
        return accepted;
    }

    synchronized long queued() {
        return queued;
    }

    synchronized boolean isFinished() {
        return role == Role.FINISHED;
    }

    /** The connection is established: what was queued goes out. Called by the reader. */
    void opened() {
        synchronized (this) {
            if (role != Role.CONNECTING) {
                return;
            }
            role = Role.IDLE;
            if (queue == null && !ended) {
                return;
            }
            if (!tryClaim()) {
                // A thread on the blocking face has been faster, and reads already.
                wakeWriterIfIdle();
                return;
            }
        }
        flush();
    }

    /** See {@link dev.weft.net.Stream#write(ByteBuffer)}; false also when the stream has ended or is closed. */
    boolean write(ByteBuffer bytes) {
        int length = bytes.remaining();
        long overflow = 0;
        synchronized (this) {
            if (role == Role.CLOSED || ended) {
                return false;
            }
            if (length == 0) {
                owesDrain |= queue != null;
                return queue == null;
            }
            if (queued > maxQueued) {
                overflow = queued;
            } else {
                accepted += length;
                if (!tryClaim()) {
                    enqueue(bytes.duplicate());
                    owesDrain = true;
                    wakeWriterIfIdle();
                    return false;
                }
            }
        }
        if (overflow != 0) {
            connection.queueFull(overflow, length, maxQueued);
            return false;
        }
        return writeNow(bytes);
    }

    private boolean writeNow(ByteBuffer bytes) {
        int position = bytes.position();
        try {
            ByteBuffer rest = null;
            try {
                int n = 1;
                while (n > 0 && bytes.hasRemaining() && turnBytes < TURN_BYTES) {
                    n = transport().write(bytes); // a large heap buffer goes in pieces
                    turnBytes += n;
                }
                if (bytes.hasRemaining() || !transport().flush()) {
                    rest = bytes.duplicate();
                }
            } finally {
                bytes.position(position);
            }
            connection.touch();
            if (rest == null) {
                if (!tryLeave(false)) {
                    flush();
                }
                return true;
            }
            handOver(rest);
        } catch (Throwable e) {
            connection.writeFailed(e);
        }
        return false;
    }

    /** FIN follows what is queued. */
    void end() {
        synchronized (this) {
            if (ended || role == Role.CLOSED) {
                return;
            }
            ended = true;
            if (!tryClaim()) {
                wakeWriterIfIdle();
                return;
            }
        }
        flush();
    }

    /** What is queued goes out as it is; what follows goes to {@link Connection#securedTransport}. */
    void secure() {
        synchronized (this) {
            queue().add(SECURE);
            if (!tryClaim()) {
                wakeWriterIfIdle();
                return;
            }
        }
        flush();
    }

    /** The transport has something to flush of its own accord; from any thread. */
    void requestFlush() {
        synchronized (this) {
            flushRequested = true;
            if (!tryClaim()) {
                wakeWriterIfIdle();
                return;
            }
        }
        flush();
    }

    /**
     * Writes on this thread until the kernel has taken everything. Parks.
     *
     * @throws IOException if the stream was ended, is closed or fails
     */
    void writeBlocking(ByteBuffer bytes) throws IOException {
        if (!bytes.hasRemaining()) {
            return;
        }
        boolean ours;
        long target;
        synchronized (this) {
            if (role == Role.CLOSED || ended) {
                throw connection.notWritable();
            }
            accepted += bytes.remaining();
            target = accepted;
            ours = role == Role.IDLE || role == Role.TURN;
            if (ours) {
                block(true);
                role = Role.WRITER;
                blockingWriter = Thread.currentThread();
            } else {
                flushWaiter = Thread.currentThread();
                enqueue(bytes.duplicate());
            }
        }
        if (ours) {
            writeFully(bytes);
        } else {
            awaitFlushed(target);
        }
    }

    private void writeFully(ByteBuffer bytes) throws IOException {
        try {
            while (bytes.hasRemaining()) {
                transport().write(bytes); // parks
                connection.touch();
            }
            transport().flush(); // parks
        } catch (Throwable e) {
            throw connection.writeFailed(e);
        }
        synchronized (this) {
            blockingWriter = null;
            if (role != Role.WRITER) {
                throw connection.notWritable();
            }
            if (queue == null && !ended && !flushRequested) {
                role = Role.IDLE;
            } else {
                wakeWriter();
            }
        }
    }

    private void awaitFlushed(long target) throws IOException {
        while (!isFlushed(target)) {
            if (Thread.currentThread().isInterrupted()) {
                throw connection.interrupted("write");
            }
            LockSupport.park(this); // parks
        }
        flushWaiter = null;
    }

    private synchronized boolean isFlushed(long target) throws IOException {
        if (role == Role.CLOSED) {
            throw connection.notWritable();
        }
        return accepted - queued >= target;
    }

    /**
     * The reader is about to read: from now until {@link #afterRead} the transport's calls park. May park, for as long as
     * another thread's write takes that does not park.
     */
    void beforeRead() throws IOException {
        synchronized (this) {
            if (role != Role.FLUSHING) {
                readerLeaves();
                return;
            }
            settlingReader = Thread.currentThread();
            role = Role.SETTLING;
        }
        while (isSettling()) {
            LockSupport.park(this); // parks
        }
    }

    private synchronized boolean isSettling() {
        return role == Role.SETTLING;
    }

    /** A read has returned, and the turn begins. */
    void afterRead() {
        readerAway = true;
    }

    /** Whether the reader may hope to read without parking, since no one may be parked in a write. */
    synchronized boolean isReaderFree() {
        return role != Role.WRITER;
    }

    /**
     * The reader would read without parking, which holds off everyone who writes.
     *
     * @return whether it may; {@link #endTryRead} must follow
     */
    boolean beginTryRead() throws IOException {
        synchronized (this) {
            if (role == Role.FINISHED) {
                // Nobody writes any more.
                block(false);
                return true;
            }
            if (!tryClaim()) {
                return false;
            }
            turnBytes = 0;
            return true;
        }
    }

    void endTryRead() {
        try {
            if (!tryLeave(false)) {
                flush();
            }
        } catch (Throwable e) {
            connection.writeFailed(e);
        }
    }

    /** What is queued is dropped, and whoever waits is woken up. */
    void close() {
        synchronized (this) {
            role = Role.CLOSED;
            queue = null;
            queued = 0;
            if (quietTimer != null) {
                quietTimer.cancel(false);
            }
            LockSupport.unpark(writer);
            LockSupport.unpark(spareWriter);
        }
        LockSupport.unpark(settlingReader);
        LockSupport.unpark(flushWaiter);
    }

    // -- For whoever holds FLUSHING or SETTLING. --

    /** Writes what others have queued meanwhile, and gives the role up. */
    private void flush() {
        try {
            // Others may queue faster than we write: then it is for a writer, and above all if the reader waits for us.
            for (int i = 0; i < FLUSH_BATCHES && !(i > 0 && isSettling()); i++) {
                Progress progress = writeBatch();
                if (progress == Progress.FULL) {
                    break;
                }
                if (progress == Progress.DONE && tryLeave(false)) {
                    return;
                }
            }
            handOver(null);
        } catch (Throwable e) {
            connection.writeFailed(e);
        }
    }

    /** The kernel is full, or there is too much: a writer thread goes on. */
    private synchronized void handOver(@Nullable ByteBuffer rest) throws IOException {
        if (role == Role.CLOSED) {
            return;
        }
        owesDrain |= rest != null;
        if (rest != null && rest.hasRemaining()) {
            enqueueFirst(rest);
        }
        flushRequested = true;
        block(true);
        become(Role.WRITER);
        wakeWriter();
    }

    // -- For whoever holds FLUSHING, SETTLING or WRITER. --

    private enum Progress {
        /** Nothing is queued, and the transport holds nothing. */
        DONE,
        /** There may be more. */
        MORE,
        /** The kernel takes no more; not in blocking mode. */
        FULL
    }

    /** Writes some of what is queued, and has the transport flushed if nothing is. */
    private Progress writeBatch() throws IOException {
        ByteBuffer[] batch = nextBatch();
        Transport transport = transport();
        if (batch.length == 0) {
            if (startFinishing()) {
                transport.finishOutput();
            }
            return transport.flush() ? Progress.DONE : Progress.FULL; // parks in blocking mode
        }
        long bytes = batch.length == 1 ? transport.write(batch[0]) : transport.write(batch, batch.length); // parks
        if (bytes == 0) {
            return Progress.FULL;
        }
        written(bytes);
        return Progress.MORE;
    }

    @SuppressWarnings("ReferenceEquality") // SECURE is one object
    private synchronized ByteBuffer[] nextBatch() throws IOException {
        if (queue != null && queue.peek() == SECURE) {
            queue.remove();
            secured = true;
            if (nonBlocking) {
                block(false);
            }
            dropEmptyQueue();
        }
        if (queue == null) {
            return NOTHING;
        }
        List<ByteBuffer> batch = new ArrayList<>(GATHER);
        for (ByteBuffer next : queue) {
            if (next == SECURE || batch.size() == GATHER) {
                break;
            }
            batch.add(next);
        }
        return batch.toArray(NOTHING);
    }

    private void dropEmptyQueue() {
        if (queue != null && queue.isEmpty()) {
            queue = null;
        }
    }

    private synchronized boolean startFinishing() {
        flushRequested = false;
        // Since we looked for a batch something may have been queued, and then the stream ended.
        boolean start = ended && !finishing && queue == null;
        finishing |= start;
        return start;
    }

    @SuppressWarnings("ReferenceEquality") // SECURE is one object
    private void written(long bytes) {
        synchronized (this) {
            if (queue == null) {
                return;
            }
            queued -= bytes;
            for (ByteBuffer head = queue.peek();
                    head != null && head != SECURE && !head.hasRemaining();
                    head = queue.peek()) {
                queue.remove();
            }
            dropEmptyQueue();
        }
        connection.touch();
        LockSupport.unpark(flushWaiter);
    }

    /**
     * Gives the role up if nothing is left to write; tells drain and sends FIN when it is time.
     *
     * @return false if something was queued meanwhile
     */
    private boolean tryLeave(boolean onWriterThread) throws IOException {
        boolean drained;
        boolean finish;
        synchronized (this) {
            if (role == Role.CLOSED || role == Role.FINISHED) {
                return true;
            }
            finish = ended;
            if (queue != null || flushRequested || finish != finishing) {
                return false;
            }
            drained = owesDrain;
            owesDrain = false;
            if (!finish) {
                leave();
            }
            if (onWriterThread && drained) {
                // The listeners may take their time: what is queued meanwhile gets another writer.
                writer = null;
            }
        }
        if (drained) {
            connection.drained(onWriterThread && !finish);
        }
        if (finish) {
            finish();
        }
        return true;
    }

    private void leave() throws IOException {
        become(role == Role.WRITER || role == Role.SETTLING ? Role.IDLE : Role.TURN);
    }

    private void finish() throws IOException {
        transport().shutdownOutput();
        synchronized (this) {
            if (role == Role.CLOSED) {
                return;
            }
            become(Role.FINISHED);
        }
        connection.outputFinished();
    }

    // -- Called with the lock held. --

    /** Takes FLUSHING, in non-blocking mode, if a write need not park now. */
    private boolean tryClaim() {
        if (role == Role.TURN || (role == Role.IDLE && readerAway)) {
            try {
                block(false);
            } catch (IOException e) {
                // It was closed under us: whoever writes next finds out, and tells.
                Log.debug("switching modes", e);
            }
            role = Role.FLUSHING;
            return true;
        }
        return false;
    }

    /** On behalf of a reader that waits for it, or another writer might be there before the reader is. */
    private void become(Role next) throws IOException {
        boolean settling = role == Role.SETTLING;
        role = next;
        if (settling) {
            readerLeaves();
            LockSupport.unpark(settlingReader);
        }
    }

    /** From now on the transport's calls park, and the mode is not to be touched. */
    private void readerLeaves() throws IOException {
        if (role == Role.TURN) {
            role = Role.IDLE;
        }
        turnBytes = 0;
        if (role != Role.CLOSED || !connection.isClosed()) {
            block(true);
        }
        readerAway = false;
    }

    @SuppressWarnings("ReferenceEquality") // a transport is what it is
    private void block(boolean block) throws IOException {
        Transport transport = connection.transport();
        // A layer that was laid over it meanwhile parks at first, as every transport does.
        if (nonBlocking == block || (!block && modeHolder != transport)) {
            transport.configureBlocking(block);
            nonBlocking = !block;
            modeHolder = transport;
        }
    }

    private void enqueue(ByteBuffer bytes) {
        queue().add(Buffers.keep(bytes));
        queued += bytes.remaining();
    }

    private void enqueueFirst(ByteBuffer bytes) {
        queue().addFirst(Buffers.keep(bytes));
        queued += bytes.remaining();
    }

    private ArrayDeque<ByteBuffer> queue() {
        if (queue == null) {
            queue = new ArrayDeque<>();
        }
        return queue;
    }

    private void wakeWriterIfIdle() {
        if (role == Role.IDLE) {
            role = Role.WRITER;
            wakeWriter();
        }
    }

    private void wakeWriter() {
        if (writer == null && spareWriter != null) {
            writer = spareWriter;
            spareWriter = null;
        }
        if (writer == null) {
            writer = Threads.WRITER.newThread(this::runWriter);
            writer.start();
        } else {
            LockSupport.unpark(writer);
        }
    }

    // -- The writer thread. --

    private void runWriter() {
        int calls = 0;
        try {
            while (awaitWork()) {
                Progress progress;
                do {
                    progress = writeBatch(); // parks
                    Relay.INSTANCE.giveWay(++calls); // parks
                } while (progress != Progress.DONE || !tryLeave(true));
            }
        } catch (Throwable e) {
            connection.writeFailed(e);
        }
    }

    /** Parks until there is something to write; false if this thread is not needed any more. */
    private boolean awaitWork() {
        Thread self = Thread.currentThread();
        for (long since = System.nanoTime(); ; ) {
            synchronized (this) {
                if (writer == null || writer == self) {
                    writer = self;
                    if (role == Role.WRITER && blockingWriter == null) {
                        return true;
                    }
                } else if (spareWriter == null) {
                    spareWriter = self;
                }
                boolean quiet = System.nanoTime() - since >= QUIET_NANOS && role != Role.WRITER;
                if (quiet || role == Role.CLOSED || role == Role.FINISHED || !isWriter(self)) {
                    writer = writer == self ? null : writer;
                    spareWriter = spareWriter == self ? null : spareWriter;
                    return false;
                }
                if (quietTimer == null) {
                    quietTimer = Threads.later(QUIET_NANOS, this::haveWritersLook);
                }
            }
            LockSupport.park(this); // parks
        }
    }

    /** On the timer's thread. */
    private synchronized void haveWritersLook() {
        quietTimer = null;
        LockSupport.unpark(writer);
        LockSupport.unpark(spareWriter);
    }

    private boolean isWriter(Thread thread) {
        return thread == writer || thread == spareWriter;
    }

    /** For whoever has a role: it was given under the lock, and so after secured was set. */
    private Transport transport() {
        return secured ? connection.securedTransport() : connection.plainTransport();
    }
}
