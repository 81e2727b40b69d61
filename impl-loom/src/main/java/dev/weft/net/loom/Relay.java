// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;

/**
 * Where readers wait for the others to have had their turn, before they read again.
 *
 * <pre>
 *            await()
 *   IDLE ─────────────▶ RUNNING
 *     ▲                    │
 *     └────────────────────┘
 *       nobody waits any more
 * </pre>
 *
 * <p>It pays only if there is data then. So it is tried out from time to time, with all readers together since few alone
 * would come back too soon, and is used for as long as most reads find something. If it is not, all are asked to wait here
 * once in a while, for fairness.
 */
/*
 * On a busy server the answer to what a reader has written arrives while the other readers have their turns. A reader that
 * reads at once finds nothing, and has its channel armed with the poller, which costs as much as a read; one that lets the
 * others run first finds data. Thread.yield would do that, but while several threads yield to each other, a carrier never
 * looks at any queue but its own, and what comes from elsewhere waits for ever: a newcomer, a timer, a user's thread, even
 * the JDK's own poller.
 *
 * So readers do not yield, they park here, and the relay's thread unparks them all and yields itself, once for all of them,
 * which brings it behind them in the carrier's queue. And every so often it holds all who come by, readers and writers, until
 * the carrier's queue is empty but for itself, and leaves by a timed park. Then the carrier has to look at the other queues.
 * It is not enough that everyone leaves for a moment once in a while: those who come back from a timed park come by one queue,
 * and as long as there is always one of them in it, the carrier stays there.
 *
 * There is one relay for all: two would not leave at the same time, and the readers of one would keep out what the other makes
 * room for.
 */
final class Relay implements Runnable {
    static final Relay INSTANCE = new Relay();

    /**
     * On JDK 21, whose pollers are platform threads, a yield finds data just as well, and parking and unparking would cost more
     * than they save. So there the relay only holds, for fairness.
     */
    private static final boolean YIELDS = Runtime.version().feature() < 22;

    /** How long it stays before it leaves the carrier. */
    private static final long SLICE_NANOS = 5_000_000;

    /** How many turns it gives to those who are on the carrier to come here, before it leaves. */
    private static final int ROUNDS = 3;

    /** When readers need not wait here, they do so all the same after this time, */
    private static final long HOLD_NANOS = 10_000_000;

    /** which is looked at every so many reads: a power of two. */
    private static final int HOLD_READS = 16;

    /** A trial lasts for so many judged reads, and as many again as there are readers. */
    private static final int TRIAL = 64;

    /** After a trial that failed, this many times its length passes before the next one; doubled each time, up to ... */
    private static final int FIRST_PAUSE = 32;

    private static final int LAST_PAUSE = 256;

    private static final int IDLE = 0;
    private static final int RUNNING = 1;

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Relay.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
        INSTANCE.thread.start();
    }

    private final AtomicInteger readers = new AtomicInteger();
    private final Queue<Thread> waiting = new MpscUnboundedVarHandleArrayQueue<>(1024);
    private final Thread thread = Thread.ofVirtual().name("weft-relay").unstarted(this);
    private volatile int state = RUNNING;

    /** Whether all are to wait, once. */
    private volatile boolean held;

    /** When it was last away from its carrier. */
    private volatile long lastAway = System.nanoTime();

    // -- Statistics. Several carriers may count at once; that some counts are lost does not matter. --
    private volatile boolean on = Runtime.version().feature() >= 22;
    private int reads;
    private int hits;
    private int pause = FIRST_PAUSE;

    private Relay() {}

    void join() {
        readers.incrementAndGet();
    }

    void leave() {
        readers.decrementAndGet();
    }

    /** Lets others run in the way that is cheap, where there is one; {@link #await} is for when it {@link #isWanted}. */
    @SuppressWarnings("ThreadPriorityCheck")
    static void yieldIfItHelps() {
        if (YIELDS) {
            Thread.yield();
        }
    }

    /** Whether to {@link #await} before the next read. */
    boolean isWanted() {
        if (on || held) {
            return true;
        }
        if (--reads <= 0 && !YIELDS) {
            startTrial();
            return true;
        }
        if (reads % HOLD_READS == 0 && System.nanoTime() - lastAway > HOLD_NANOS) {
            held = true;
            return true;
        }
        return false;
    }

    private void startTrial() {
        reads = 0;
        hits = 0;
        on = true;
    }

    /** A read after {@link #await} has found something at once, or has not. A sample of the reads is enough. */
    void learn(boolean hit) {
        if (!on) {
            return;
        }
        int trial = TRIAL + readers.get();
        if (++reads > trial / 2) { // the first ones come back too soon, until all are here
            hits += hit ? 1 : 0;
        }
        if (reads < trial) {
            return;
        }
        if (4 * hits >= trial) {
            pause = FIRST_PAUSE;
            startTrial();
        } else {
            reads = pause * trial;
            pause = Math.min(2 * pause, LAST_PAUSE);
            on = false;
        }
    }

    /** Parks until those that could run have run; or for less, if the thread is unparked by someone else. */
    void await() {
        waiting.add(Thread.currentThread());
        if (state == IDLE && STATE.compareAndSet(this, IDLE, RUNNING)) {
            LockSupport.unpark(thread);
        }
        LockSupport.park(this); // parks
    }

    /** Whether everyone is to {@link #await} as soon as they can, those too that find work all the time. */
    boolean isHeld() {
        return held;
    }

    /** Has everyone leave the carrier, the caller included, so that others get it. Parks. */
    void giveWay() {
        held = true;
        await(); // parks
    }

    @Override
    @SuppressWarnings("ThreadPriorityCheck")
    public void run() {
        for (; ; ) {
            if (held || System.nanoTime() - lastAway > SLICE_NANOS) {
                leaveCarrier();
            }
            if (unparkAll() == 0) {
                awaitWork();
            } else {
                Thread.yield();
            }
        }
    }

    /** The last one out: a carrier goes on with the queue that it is at, and looks at the others only if it finds that empty. */
    @SuppressWarnings("ThreadPriorityCheck")
    private void leaveCarrier() {
        held = true;
        for (int i = 0; i < ROUNDS; i++) {
            Thread.yield();
        }
        LockSupport.parkNanos(1); // parks
        held = false;
        lastAway = System.nanoTime();
    }

    private int unparkAll() {
        int unparked = 0;
        for (Thread next = waiting.poll(); next != null; next = waiting.poll()) {
            LockSupport.unpark(next);
            unparked++;
        }
        return unparked;
    }

    private void awaitWork() {
        state = IDLE;
        if (!waiting.isEmpty() && STATE.compareAndSet(this, IDLE, RUNNING)) {
            return;
        }
        while (state == IDLE) {
            LockSupport.park(this); // parks
        }
        if (!held) {
            lastAway = System.nanoTime();
        }
    }
}
