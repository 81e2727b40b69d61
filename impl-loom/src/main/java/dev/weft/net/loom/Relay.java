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
    /**
     * On JDK 21, whose pollers are platform threads, a yield finds data just as well, and parking and unparking would cost more
     * than they save. So there the relay only holds, for fairness.
     */
    private static final boolean YIELDS = Runtime.version().feature() < 22;

    static final Relay INSTANCE = new Relay();

    /** After this time on a carrier, everyone leaves it. */
    private static final long SLICE_NANOS = 5_000_000;

    /** Where no one waits here anyway, after this; */
    private static final long HOLD_NANOS = 10_000_000;

    /** which each thread looks at every so many of its calls: a power of two. */
    private static final int LOOK = 16;

    /** How many turns it gives to those who are on the carrier to come here, before it leaves. */
    private static final int ROUNDS = 3;

    /** A trial lasts for so many reads, and as many again for each reader. */
    private static final int TRIAL = 256;

    private static final int READS_PER_READER = 4;

    /** How long after a trial that failed the next one begins; doubled each time, up to ... */
    private static final long FIRST_PAUSE_NANOS = 20_000_000;

    private static final long LAST_PAUSE_NANOS = 640_000_000;

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
    private final Thread thread = Threads.RELAY.newThread(this);
    private volatile int state = RUNNING;

    /** Whether all are to wait, once. */
    private volatile boolean held;

    /** When it was last away from its carrier. */
    private volatile long lastAway = System.nanoTime();

    /** Whether readers wait here before each read. */
    private volatile boolean on = !YIELDS;

    // -- Statistics. Several carriers may count at once; that some counts are lost does not matter. --
    private int reads;
    private int hits;
    private long pauseNanos = FIRST_PAUSE_NANOS;
    private volatile long nextTrial;

    private Relay() {}

    void join() {
        readers.incrementAndGet();
    }

    void leave() {
        readers.decrementAndGet();
    }

    /**
     * Lets those run that can, where that pays, and where it is time. Parks.
     *
     * @param calls how many calls the thread has made
     * @return whether there is hope that a read finds something at once now; {@link #learn} wants to know
     */
    @SuppressWarnings("ThreadPriorityCheck")
    boolean letOthersRun(int calls) {
        if (on || held || (calls % LOOK == 0 && isDue())) {
            await(); // parks
            return on;
        }
        if (YIELDS) {
            Thread.yield();
        }
        return YIELDS;
    }

    private boolean isDue() {
        long now = System.nanoTime();
        if (!YIELDS && now - nextTrial > 0) {
            startTrial();
            return true;
        }
        return isHoldDue(now);
    }

    private boolean isHoldDue(long now) {
        boolean due = now - lastAway > HOLD_NANOS;
        if (due) {
            held = true;
        }
        return due;
    }

    /**
     * For a thread that does not read, or finds so much to read that it need not wait for more: has it leave the carrier with
     * all others when it is time. Parks.
     *
     * @param calls how many calls the thread has made
     */
    void giveWay(int calls) {
        if (held || (calls % LOOK == 0 && isHoldDue(System.nanoTime()))) {
            await(); // parks
        }
    }

    private void startTrial() {
        reads = 0;
        hits = 0;
        on = true;
    }

    /** A read for which there was hope has found something at once, or has not. */
    void learn(boolean hit) {
        if (!on) {
            return;
        }
        int trial = TRIAL + READS_PER_READER * readers.get();
        if (++reads > trial / 2) { // the first ones come back too soon, until all are here
            hits += hit ? 1 : 0;
        }
        if (reads < trial) {
            return;
        }
        if (4 * hits >= trial) {
            pauseNanos = FIRST_PAUSE_NANOS;
            startTrial();
        } else {
            nextTrial = System.nanoTime() + pauseNanos;
            pauseNanos = Math.min(2 * pauseNanos, LAST_PAUSE_NANOS);
            on = false;
        }
    }

    /** Parks until those that could run have run; or for less, if the thread is unparked by someone else. */
    private void await() {
        waiting.add(Thread.currentThread());
        if (state == IDLE && STATE.compareAndSet(this, IDLE, RUNNING)) {
            LockSupport.unpark(thread);
        }
        LockSupport.park(this); // parks
    }

    @Override
    @SuppressWarnings("ThreadPriorityCheck")
    public void run() {
        for (; ; ) {
            try {
                relay();
            } catch (Throwable e) { // for want of memory: those who wait here must go on all the same
                held = false;
            }
        }
    }

    @SuppressWarnings("ThreadPriorityCheck")
    private void relay() {
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
