// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Makes the JDK's poller return from its wait, so that the kernel lets go of what was closed under it.
 *
 * <p>While {@code epoll_wait} looks at a descriptor for news it holds it open. If that is closed in this very moment, the last
 * one to hold it is the poller's thread, and such a thread closes a file when it returns to its program; but if there were no
 * news after all, it goes on waiting. Until something else happens on the poller, which in a quiet program is never, a closed
 * server listens, and a reset is not sent (seen with Linux 6.18, JDK 21 and 25: 1 to 20 of 8,000 servers that were closed
 * while a client came).
 *
 * <p>By default there is one poller that waits so. Someone who has set up more ({@code jdk.readPollers}) may have to wait for
 * the next event on theirs.
 */
final class Nudge {
    private static final boolean NEEDED = System.getProperty("os.name").equals("Linux");

    /** How often, and how long after each other, to look whether the thread that is to be woken waits. */
    private static final int LOOKS = 1000;

    private static final long LOOK_NANOS = 20_000;

    /** Whether one is wanted that has not begun. */
    private static final AtomicBoolean WANTED = new AtomicBoolean();

    private Nudge() {}

    /** Has it done soon, once for all who want it in a short time: someone was parked in a read on what was closed. */
    static void soon() {
        if (NEEDED && WANTED.compareAndSet(false, true)) {
            Threads.start(Threads.NUDGE, () -> {
                WANTED.set(false);
                now(); // parks
            });
        }
    }

    /** Parks until it is done. */
    static void now() {
        if (!NEEDED) {
            return;
        }
        try {
            Pipe pipe = Pipe.open();
            try (Pipe.SourceChannel source = pipe.source();
                    Pipe.SinkChannel sink = pipe.sink()) {
                Thread sleeper = Threads.NUDGE.newThread(() -> read(source));
                sleeper.start();
                for (int i = 0; i < LOOKS && sleeper.getState() != Thread.State.WAITING; i++) {
                    LockSupport.parkNanos(LOOK_NANOS); // parks
                }
                sink.write(ByteBuffer.allocate(1));
                sleeper.join(); // parks
            }
        } catch (IOException e) {
            // For want of descriptors, for instance: then there will be other events.
            Log.debug("nudging the poller", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void read(Pipe.SourceChannel source) {
        try {
            source.read(ByteBuffer.allocate(1)); // parks in the poller
        } catch (IOException e) {
            Log.debug("nudging the poller", e);
        }
    }
}
