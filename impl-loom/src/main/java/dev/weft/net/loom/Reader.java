// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

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
 * blocking face does. At first it lies in a buffer of {@link Intake}, which the next read uses again: a listener that wants
 * to keep it gets a copy, and so does a turn that has to wait for its time.
 */
final class Reader implements Runnable {
    /** How long an end waits for a write to fail, if there is one under way: long enough for a machine that is overloaded. */
    private static final long WRITE_FAILURE_NANOS = 100_000_000;

    /** How long the first bytes of a connection that we opened wait for a listener. */
    private static final long FIRST_LISTENER_NANOS = 200_000_000;

    private static final long HANDSHAKE_LOOK_NANOS = 1_000_000;

    /** A peer that sends more than so many large buffers while we let go gets its RST. */
    private static final int DISCARDS = 64;

    private static final VarHandle CHUNK;
    private static final VarHandle END_TOLD;

    static {
        try {
            CHUNK = MethodHandles.lookup().findVarHandle(Reader.class, "chunk", ByteBuffer.class);
            END_TOLD = MethodHandles.lookup().findVarHandle(Reader.class, "endTold", boolean.class);
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
    private final TurnTask turnTask = new TurnTask();

    // -- Used by the reader, and by the turn for which it waits. --
    private final Intake intake;
    private Turn turn = Turn.OPENED;

    /** Whether a turn is under way; for the thread that is in it, since the others must not wait for the reader. */
    private volatile boolean inTurn;

    private boolean listenerAwaited;

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
        intake = new Intake(connection);
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
        return !isGone() && !reading;
    }

    /** Whether the reader thread will read no more. */
    boolean isGone() {
        return thread == null || pulled || atEnd;
    }

    /**
     * Whether the reader thread waits in its read. If not, the kernel may have bytes for it: it may have set out before all was
     * written, and a layer reads a record in parts.
     */
    boolean isParked() {
        Thread reader = thread;
        // Not BLOCKED, which is on its way.
        return reading && reader != null && reader.getState() == Thread.State.WAITING;
    }

    // -- The reader thread. --

    @Override
    public void run() {
        Relay.INSTANCE.join();
        try {
            connection.open();
            deliver(Turn.OPENED);
            flow();
        } catch (Throwable e) {
            if (connection.isClosed()) {
                Nudge.soon(); // under our read, or not long ago
            }
            connection.readFailed(e);
        } finally {
            thread = null;
            Relay.INSTANCE.leave();
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
        /** Others come first, who may take their time: no large buffer waits with it. */
        @Override
        void begin() {
            super.begin();
            keepUndelivered();
        }

        @Override
        void body() {
            inTurn = true;
            try {
                if (!connection.isClosed()) {
                    take(turn);
                }
            } finally {
                inTurn = false;
            }
        }

        private void take(Turn turn) {
            switch (turn) {
                case OPENED -> connection.deliverOpened();
                case SECURE -> {
                    if (connection.isSecureDue()) { // a listener that has waited for it may have told it
                        connection.deliverSecure();
                    }
                }
                case DATA -> {
                    passOnToLayer();
                    ByteBuffer bytes = chunk;
                    // Not what a thread that began to pull just now has left of it.
                    if (bytes != null && mayDeliver() && CHUNK.compareAndSet(Reader.this, bytes, null)) {
                        connection.deliverData(bytes);
                        intake.giveBack();
                    }
                }
                case END -> {
                    passOnToLayer();
                    if (atEnd && mayDeliver() && END_TOLD.compareAndSet(Reader.this, false, true)) {
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
                connection.securedTransport().unread(Intake.copy(bytes));
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
        intake.letOthersRun(); // parks
        reading = true;
        try {
            if (pulled && !connection.isHandshaking()) {
                return false;
            }
            if (connection.isLettingGo() && connection.writes().isFinished()) {
                discardRest();
                return false;
            }
            ByteBuffer bytes = intake.read(); // parks
            atEnd = intake.isAtEnd();
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
     * What a turn has taken, for someone who may keep it.
     *
     * @return the same bytes, in a buffer of their own
     */
    @SuppressWarnings("ReferenceEquality") // a buffer is lent or not, whatever is in it
    ByteBuffer own(ByteBuffer taken) {
        if (taken != intake.lent()) {
            return taken;
        }
        ByteBuffer own = Intake.copy(taken);
        intake.giveBack();
        return own;
    }

    /** What is still to be delivered, or pulled, must not lie where the next read puts its bytes. */
    private void keepUndelivered() {
        ByteBuffer bytes = intake.lent();
        if (bytes == null) {
            return;
        }
        // Of a view of our own: whoever pulls moves on in it meanwhile, and then it is not the chunk any more.
        if (CHUNK.compareAndSet(this, bytes, Intake.copy(bytes.duplicate()))) {
            intake.giveBack();
        } else {
            intake.abandon(); // someone pulls from it
        }
    }

    /** Our FIN is out and we let go: unread bytes would make the kernel send RST, which may overtake what we wrote last. */
    private void discardRest() throws IOException {
        ByteBuffer waste = Buffers.take();
        try {
            connection.transport().configureBlocking(false);
            for (int i = 0; i < DISCARDS && connection.transport().read(waste.clear()) > 0; i++) {
                intake.giveWay(); // parks
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
            ByteBuffer bytes = pullChunk(); // parks
            if (bytes != null) {
                return pullFrom(bytes, target);
            }
            if (atEnd) {
                return pullEnd();
            }
            return pullDirectly(target);
        } finally {
            puller = null;
        }
    }

    /** Waits for the reader thread to leave what it reads. What that has left comes first. */
    private @Nullable ByteBuffer pullChunk() throws IOException {
        while (reading || connection.isOpening() || isReaderShakingHands()) {
            if (Thread.currentThread().isInterrupted()) {
                throw connection.interrupted("read");
            }
            LockSupport.park(this); // parks
        }
        passOnToLayer();
        completeHandshake(); // parks
        return takeChunk();
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
            completeHandshake(); // parks
            n = pullOnce(() -> readOnce(target)); // parks
        } while (n == 0);
        if (n < 0) {
            endPulling(); // parks
            return pullEnd();
        }
        connection.received(n);
        return n;
    }

    private int readOnce(ByteBuffer target) throws IOException {
        WritePath writes = connection.writes();
        writes.beforeRead();
        try {
            return connection.transport().read(target); // parks
        } finally {
            writes.afterRead();
        }
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
        Intake pulling = new Intake(connection); // ours may still be in use
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
        puller = Thread.currentThread();
        try {
            ByteBuffer bytes = pullChunk(); // parks
            while (bytes == null && !atEnd) {
                completeHandshake(); // parks
                pulling.letOthersRun(); // parks
                int unused = pullOnce(() -> pulling.read() == null ? 0 : 1); // parks
                bytes = pulling.lent();
                if (pulling.isAtEnd()) {
                    endPulling(); // parks
                }
            }
            if (bytes == null) {
                int unused = pullEnd();
            }
            return bytes;
        } finally {
            puller = null;
        }
    }

    @FunctionalInterface
    private interface Read {
        int once() throws IOException;
    }

    private int pullOnce(Read read) throws IOException {
        if (connection.isClosed()) {
            throw connection.notReadable();
        }
        try {
            return read.once(); // parks
        } catch (IOException | RuntimeException e) {
            if (connection.isClosed()) {
                Nudge.soon();
            }
            throw connection.readFailed(e);
        }
    }

    private void endPulling() throws IOException {
        awaitWriteFailure(); // parks
        if (connection.failPending()) {
            throw connection.notReadable();
        }
        atEnd = true;
    }

    /** Whether the reader thread goes on with the handshake, also in pull mode; not if it waits for what this one does. */
    private boolean isReaderShakingHands() {
        return thread != null
                && connection.isHandshaking()
                && !connection.dispatcher().isInTask();
    }

    /** Whether the reader waits for the turn that this thread is in. */
    private boolean isInTurn() {
        return inTurn && connection.dispatcher().isInTask();
    }

    /** Before a write on the blocking face, which would wait for the handshake: someone must go on with it. Parks. */
    void awaitHandshake() throws IOException {
        if (!pulled && !isInTurn()) {
            return; // the reader thread goes on with it, and the write waits
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
        if (connection.isTellingSecure() && connection.dispatcher().isInTask()) {
            throw new IllegalStateException("the blocking face of " + connection.streamText()
                    + " carries nothing until the secure listeners have returned: use it on another thread");
        }
        ReentrantLock handshakeLock = connection.handshakeLock();
        handshakeLock.lock(); // parks; one thread may read on the blocking face, and another one write
        try {
            while (connection.isHandshaking() && !connection.isClosed()) {
                int unused = pullOnce(() -> readOnce(ByteBuffer.allocate(1))); // parks
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
        if (END_TOLD.compareAndSet(this, false, true)) {
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
