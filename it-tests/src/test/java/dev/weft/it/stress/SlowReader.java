// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import dev.weft.net.Stream;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** Makes a stream pause at seeded moments, and resume a little later from another thread. */
public final class SlowReader {
    private final AtomicInteger pauses = new AtomicInteger();

    private SlowReader() {}

    /**
     * Slows it down.
     *
     * @param stream that reads
     * @param seed of when and for how long
     * @param every how many chunks, on average, it pauses once
     * @return what counts the pauses
     */
    public static SlowReader on(Stream stream, long seed, int every) {
        SlowReader reader = new SlowReader();
        Random random = new Random(seed);
        stream.onData(data -> {
            if (random.nextInt(every) == 0) {
                reader.pauses.incrementAndGet();
                stream.pause();
                long nanos = TimeUnit.MICROSECONDS.toNanos(200 + random.nextInt(4000));
                Thread.startVirtualThread(() -> {
                    LockSupport.parkNanos(nanos);
                    stream.resume();
                });
            }
        });
        return reader;
    }

    /** {@return how often it has paused} */
    public int pauses() {
        return pauses.get();
    }
}
