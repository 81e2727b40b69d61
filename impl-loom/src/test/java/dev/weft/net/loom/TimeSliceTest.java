// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A park is seen by what it does to the slice: it begins anew. */
class TimeSliceTest {
    private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final int SAMPLE = 8;

    private final TimeSlice slice = new TimeSlice();
    private final Field startField = field();

    private static Field field() {
        try {
            Field field = TimeSlice.class.getDeclaredField("start");
            field.setAccessible(true);
            return field;
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private long start() {
        try {
            return startField.getLong(slice);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As if the slice had begun so long ago. */
    private void age(long nanos) {
        try {
            startField.setLong(slice, System.nanoTime() - nanos);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private boolean parksWithin(int checks) {
        long before = start();
        for (int i = 0; i < checks; i++) {
            slice.check();
        }
        return start() != before;
    }

    @BeforeEach
    void farFromTheEnd() {
        Await.until("nobody is held any more", () -> !Relay.INSTANCE.isHeld());
        age(-TimeUnit.HOURS.toNanos(1));
    }

    @Test
    void sliceThatIsNotUsedUpNeverParks() {
        assertFalse(parksWithin(1000));
        for (int i = 0; i < 1000; i++) {
            slice.end(slice.begin());
        }
        assertTrue(start() > System.nanoTime(), "the slice is still the one of the test");
    }

    @Test
    void usedUpSliceParksAtTheNextLookAtTheClock() {
        age(2 * SLICE_NANOS);
        assertFalse(parksWithin(SAMPLE - 1), "the clock is looked at for every eighth call");
        assertTrue(parksWithin(1));
    }

    @Test
    void sliceBeginsAnewAfterItsPark() {
        age(2 * SLICE_NANOS);
        assertTrue(parksWithin(SAMPLE));
        assertTrue(System.nanoTime() - start() < TimeUnit.HOURS.toNanos(1));
        // We may be back before the relay, for which everybody waits.
        Await.until("nobody is held any more", () -> !Relay.INSTANCE.isHeld());
        age(-TimeUnit.HOURS.toNanos(1));
        assertFalse(parksWithin(1000));
    }

    @Test
    void clockIsLookedAtForEveryEighthCallOnly() {
        int looks = 0;
        for (int i = 0; i < 10 * SAMPLE; i++) {
            long begun = slice.begin();
            looks += begun == 0 ? 0 : 1;
            slice.end(begun);
        }
        assertEquals(10, looks);
    }

    @Test
    void callThatTookLongHasParkedSoItIsFollowedByAWholeSlice() {
        age(2 * SLICE_NANOS);
        long before = System.nanoTime();
        slice.end(before - TimeUnit.MILLISECONDS.toNanos(1));
        assertTrue(start() - before >= 0, "it begins when the call has ended");
    }

    @Test
    void callThatWasNotLookedAtTellsNothing() {
        age(2 * SLICE_NANOS);
        long before = start();
        slice.end(0);
        assertEquals(before, start());
    }

    /** What it is for: a thread that never parks by itself lets another one have the carrier in the end. */
    @Test
    void busyThreadLetsOthersRun() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        int busy = 2 * Runtime.getRuntime().availableProcessors();
        Thread[] threads = new Thread[busy];
        for (int i = 0; i < busy; i++) {
            threads[i] = Thread.ofVirtual().start(() -> {
                TimeSlice own = new TimeSlice();
                while (!stop.get()) {
                    own.check();
                }
            });
        }
        try {
            Await.value("a newcomer runs", Await.start(() -> null));
        } finally {
            stop.set(true);
        }
        for (Thread thread : threads) {
            Await.ended("a busy thread", thread);
        }
    }
}
