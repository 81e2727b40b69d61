// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

/**
 * Keeps a thread that always finds work from keeping its carrier.
 *
 * <p>Virtual threads are not preempted, and on JDK 25 not even {@link Thread#yield} lets those run that wait in another of
 * the scheduler's queues, such as a newcomer's or one that a timer has started. A timed park does. So whoever loops over
 * calls that may park, and might never need to, checks in with each: {@link #begin} and {@link #end} around one that may
 * park, {@link #check} after one that has not. The clock is looked at for every eighth only.
 *
 * <p>Belongs to one thread.
 */
final class TimeSlice {
    private static final long SLICE_NANOS = 10_000_000;

    /** A call that takes less has not parked: a round through the poller is longer. */
    static final long PARK_NANOS = 10_000;

    private static final int SAMPLE = 8;

    private long start = System.nanoTime();
    private int calls;

    /** {@return what to give to {@link #end}} */
    long begin() {
        return ++calls % SAMPLE == 0 ? System.nanoTime() : 0;
    }

    /** {@return how long it took, if {@link #begin} has looked at the clock} */
    long end(long begun) {
        if (begun == 0) {
            return 0;
        }
        long now = System.nanoTime();
        if (now - begun > PARK_NANOS) {
            start = now;
        } else {
            leaveIfUsedUp(now);
        }
        return now - begun;
    }

    void check() {
        if (Relay.INSTANCE.isHeld()) {
            Relay.INSTANCE.await(); // parks
            start = System.nanoTime();
        } else if (++calls % SAMPLE == 0) {
            leaveIfUsedUp(System.nanoTime());
        }
    }

    private void leaveIfUsedUp(long now) {
        if (now - start >= SLICE_NANOS) {
            Relay.INSTANCE.giveWay(); // parks
            start = System.nanoTime();
        }
    }
}
