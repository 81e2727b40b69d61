// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/** Where the engine's threads come from. */
final class Threads {
    static final ThreadFactory READER = virtual("weft-reader");
    static final ThreadFactory WRITER = virtual("weft-writer");
    static final ThreadFactory DISPATCHER = virtual("weft-dispatcher");
    static final ThreadFactory ACCEPTOR = virtual("weft-acceptor");
    static final ThreadFactory CONNECTOR = virtual("weft-connector");
    static final ThreadFactory PIPE = virtual("weft-pipe");
    static final ThreadFactory LINGER = virtual("weft-linger");
    static final ThreadFactory NUDGE = virtual("weft-nudge");
    static final ThreadFactory RELAY = virtual("weft-relay");

    private Threads() {}

    /** One name for all threads of a kind: a name for each would cost memory on every connection. */
    private static ThreadFactory virtual(String name) {
        return Thread.ofVirtual()
                .name(name)
                .inheritInheritableThreadLocals(false)
                .factory();
    }

    static void start(ThreadFactory kind, Runnable task) {
        kind.newThread(task).start();
    }

    /**
     * Runs a task later on the timer's thread, which all streams share.
     *
     * @param task short, never user code, never parking
     */
    static ScheduledFuture<?> later(long nanos, Runnable task) {
        return Timer.SCHEDULER.schedule(task, nanos, TimeUnit.NANOSECONDS);
    }

    /** Made when the first timeout is set. */
    private static final class Timer {
        static final ScheduledThreadPoolExecutor SCHEDULER = create();

        private static ScheduledThreadPoolExecutor create() {
            ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(
                    1,
                    Thread.ofPlatform()
                            .name("weft-timer")
                            .daemon(true)
                            .inheritInheritableThreadLocals(false) // it outlives whoever is the first
                            .factory());
            scheduler.setRemoveOnCancelPolicy(true);
            return scheduler;
        }
    }
}
