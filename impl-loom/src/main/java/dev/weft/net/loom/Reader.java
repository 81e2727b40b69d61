// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

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
 * blocking face does. At first it lies in a buffer of {@link Intake}, which the next read uses again: a listener that wants
 * to keep it gets a copy, and so does a turn that has to wait for its time.
 */
final class Reader implements Runnable {
    /** How long an end waits for a write to fail, if there is one under way: long enough for a machine that is overloaded. */
    private static final long WRITE_FAILURE_NANOS = 100_000_000;

    /** How long the first bytes of a connection that we opened wait for a listener. */
    private static final long FIRST_LISTENER_NANOS = 200_000_000;

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

    /** From before this thread waits for its turn until that is over: who is in a task meanwhile must not wait for it. */
    private volatile boolean inTurn;

    private boolean listenerAwaited;

    // -- Shared with those who pause and pull. --
    private volatile @Nullable Thread thread;
    private volatile boolean paused;
    private volatile boolean pulled;

    /** Whether this thread will not read again, since others do. */
    private volatile boolean handedOver;

    /** From before the reader looks at {@link #handedOver} until {@link #chunk} or {@link #atEnd} is set. */
    private volatile boolean reading;

    private volatile @Nullable ByteBuffer chunk;
    private volatile boolean atEnd;
    private volatile boolean endTold;

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
        connection.wakePullers();
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
            awaitWriteFailure(); // parks
            connection.readFailed(e);
        } finally {
            thread = null;
            handedOver = true;
            Relay.INSTANCE.leave();
            connection.wakePullers();
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
            if (isLeaving()) {
                return false;
            }
            if (connection.isLettingGo()) {
                return true;
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
        inTurn = true;
        if (connection.isHandshaking()) {
            connection.wakePullers(); // one may be in the task that we wait for
        }
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
                case SECURE -> connection.deliverSecureIfDue();
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
                    if (atEnd && mayDeliver() && claimEnd()) {
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
     * After a reset the kernel tells one of those in a call, and everyone else that the stream has ended, which to a layer may
     * be a failure. If someone is writing, it may have been told, and not have said so yet.
     */
    void awaitWriteFailure() {
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
    void passOnToLayer() {
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
            if (isLeaving()) {
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
                connection.wakePullers();
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

    // -- For those who pull. --

    /** From now on bytes are for them; see {@link #isHandedOver}. */
    void startPulling() {
        pulled = true;
        wake();
    }

    /**
     * Whether this thread reads no more, and who pulls may. It opens the connection and shakes hands before; and a read is
     * completed.
     */
    boolean isHandedOver() {
        return isLeaving() && !reading;
    }

    /** Whoever finds out first decides it; from then on a handshake is for those who pull. */
    private boolean isLeaving() {
        if (pulled && !handedOver && !connection.isOpening() && !connection.isHandshaking()) {
            handedOver = true;
        }
        return handedOver;
    }

    /** Whether this thread waits until a turn is over, or until it may begin with it. To be asked in a task. */
    boolean isInTurn() {
        return inTurn;
    }

    boolean isAtEnd() {
        return atEnd;
    }

    void setAtEnd() {
        atEnd = true;
    }

    /** Whether it is for the caller to tell the end: it is told once. */
    boolean claimEnd() {
        return END_TOLD.compareAndSet(this, false, true);
    }

    /** What was read and not delivered. */
    @Nullable
    ByteBuffer takeChunk() {
        return (ByteBuffer) CHUNK.getAndSet(this, null);
    }

    /** What is left of the chunk that was taken. */
    void putBack(ByteBuffer rest) {
        chunk = rest;
    }

    /** How many bytes can be had without a system call. */
    int pullable() {
        ByteBuffer bytes = chunk;
        return bytes == null ? 0 : bytes.remaining();
    }
}
