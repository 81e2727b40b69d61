// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * Tells when nothing has happened for a while.
 *
 * <pre>
 *              start(), touch()
 *   DISARMED ───────────────────▶ ARMED
 *       ▲                           │
 *       └───────────────────────────┘
 *            expired, or stop()
 * </pre>
 *
 * Activity only stamps the time. The one pending task of the shared timer finds out how long ago that was, and schedules
 * itself for the rest. Having told once, it stays disarmed until the next activity.
 */
final class IdleTimer {
    private final Runnable onIdle;

    private volatile long timeoutNanos;
    private volatile long lastActivity;
    private volatile boolean armed;

    // -- Guarded by this. --
    private boolean started;
    private @Nullable ScheduledFuture<?> task;

    /**
     * @param onIdle runs on the timer's thread
     */
    IdleTimer(Runnable onIdle) {
        this.onIdle = onIdle;
    }

    /**
     * @param nanos 0 for no timeout
     */
    synchronized void setTimeout(long nanos) {
        timeoutNanos = nanos;
        disarm();
        arm();
    }

    /** There is something to watch from now on. */
    synchronized void start() {
        started = true;
        disarm();
        arm();
    }

    synchronized void stop() {
        started = false;
        disarm();
    }

    /** Something has happened. */
    void touch() {
        if (timeoutNanos == 0) {
            return;
        }
        lastActivity = System.nanoTime();
        if (!armed) {
            arm();
        }
    }

    private synchronized void arm() {
        if (started && timeoutNanos != 0 && !armed) {
            armed = true;
            lastActivity = System.nanoTime();
            task = Threads.later(timeoutNanos, this::look);
        }
    }

    private void disarm() {
        armed = false;
        if (task != null) {
            task.cancel(false);
            task = null;
        }
    }

    private void look() {
        synchronized (this) {
            if (!armed) {
                return;
            }
            long stamp = lastActivity;
            long rest = timeoutNanos - (System.nanoTime() - stamp);
            if (rest > 0) {
                task = Threads.later(rest, this::look);
                return;
            }
            disarm();
            if (lastActivity != stamp) {
                arm(); // something has happened meanwhile, and saw it armed
                return;
            }
        }
        onIdle.run();
    }
}
