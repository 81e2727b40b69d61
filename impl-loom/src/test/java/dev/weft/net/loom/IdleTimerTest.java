// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.StreamOptions;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The clock is the real one: elapsed time is asserted as a lower bound only. */
@ExtendWith(LeakCheck.class)
class IdleTimerTest {
    private static final long SHORT = TimeUnit.MILLISECONDS.toNanos(30);
    private static final long FAR = TimeUnit.HOURS.toNanos(1);

    private final AtomicInteger fired = new AtomicInteger();
    private final List<Long> firedAt = Collections.synchronizedList(new ArrayList<>());
    private final IdleTimer timer = new IdleTimer(() -> {
        firedAt.add(System.nanoTime());
        fired.incrementAndGet();
    });

    @AfterEach
    void stop() {
        timer.stop();
    }

    private void awaitFired(int times) {
        Await.until("the timer has fired " + times + " times", () -> fired.get() >= times);
        assertEquals(times, fired.get());
    }

    /** Waits until the timer's thread has done everything that is due by now and somewhat later. */
    private static void awaitTimerThread(long nanos) {
        CountDownLatch passed = new CountDownLatch(1);
        ScheduledFuture<?> unused = Threads.later(nanos, passed::countDown);
        Await.until("the timer's thread runs", passed);
    }

    private boolean isPending() throws ReflectiveOperationException {
        Field field = IdleTimer.class.getDeclaredField("task");
        field.setAccessible(true);
        return field.get(timer) instanceof ScheduledFuture<?> task && !task.isDone();
    }

    @Test
    void firesOnceAfterTheTime() throws Exception {
        long before = System.nanoTime();
        timer.setTimeout(SHORT);
        timer.start();
        awaitFired(1);
        assertTrue(firedAt.getFirst() - before >= SHORT);
        awaitTimerThread(3 * SHORT);
        assertEquals(1, fired.get(), "it only tells, and once");
    }

    @Test
    void firesAgainAfterFurtherActivity() {
        timer.setTimeout(SHORT);
        timer.start();
        awaitFired(1);
        long before = System.nanoTime();
        timer.touch();
        awaitFired(2);
        assertTrue(firedAt.getLast() - before >= SHORT);
    }

    @Test
    void activityPutsItOff() {
        long quiet = 10 * SHORT;
        timer.setTimeout(quiet);
        timer.start();
        AtomicReference<Long> lastTouch = new AtomicReference<>();
        long until = System.nanoTime() + 3 * quiet;
        Await.until("it was touched for three times the timeout", () -> {
            lastTouch.set(System.nanoTime());
            timer.touch();
            return System.nanoTime() >= until;
        });
        // On a machine that stalls this thread for longer than the timeout it may have fired before: then it says so.
        awaitFired(1);
        assertTrue(firedAt.getFirst() - lastTouch.get() >= quiet, "it counts from the last activity");
    }

    @Test
    void doesNotFireBeforeStart() throws Exception {
        timer.setTimeout(1);
        timer.touch();
        awaitTimerThread(SHORT);
        assertEquals(0, fired.get());
    }

    @Test
    void timeoutSetBeforeStartCountsFromStart() {
        timer.setTimeout(SHORT);
        long before = System.nanoTime();
        timer.start();
        awaitFired(1);
        assertTrue(firedAt.getFirst() - before >= SHORT);
    }

    @Test
    void timeoutSetAfterStartCountsFromThere() {
        timer.start();
        long before = System.nanoTime();
        timer.setTimeout(SHORT);
        awaitFired(1);
        assertTrue(firedAt.getFirst() - before >= SHORT);
    }

    @Test
    void shorterTimeoutReplacesALongOne() {
        timer.setTimeout(FAR);
        timer.start();
        timer.setTimeout(SHORT);
        awaitFired(1);
    }

    @Test
    void longerTimeoutReplacesAShortOne() throws Exception {
        timer.setTimeout(SHORT);
        timer.start();
        timer.setTimeout(FAR);
        awaitTimerThread(3 * SHORT);
        assertEquals(0, fired.get());
        assertTrue(isPending());
    }

    @Test
    void zeroSwitchesItOff() throws Exception {
        timer.setTimeout(SHORT);
        timer.start();
        timer.setTimeout(0);
        assertEquals(false, isPending());
        timer.touch();
        awaitTimerThread(3 * SHORT);
        assertEquals(0, fired.get());
        assertEquals(false, isPending());
    }

    @Test
    void stopDisarmsForGood() throws Exception {
        timer.setTimeout(SHORT);
        timer.start();
        timer.stop();
        timer.touch();
        timer.setTimeout(SHORT);
        awaitTimerThread(3 * SHORT);
        assertEquals(0, fired.get());
        assertEquals(false, isPending(), "a closed stream leaves nothing with the timer");
    }

    @Test
    void startAfterStopArmsAgainWithTheSameTimeout() {
        timer.setTimeout(SHORT);
        timer.start();
        timer.stop();
        timer.start();
        awaitFired(1);
    }

    @Test
    void longestTimeoutDoesNotOverflow() throws Exception {
        timer.setTimeout(Long.MAX_VALUE);
        timer.start();
        timer.touch();
        awaitTimerThread(SHORT);
        assertEquals(0, fired.get());
        assertTrue(isPending());
    }

    @Test
    void onIdleMayTouchAndSoIsToldAgain() throws Exception {
        CountDownLatch times = new CountDownLatch(3);
        AtomicReference<IdleTimer> self = new AtomicReference<>();
        self.set(new IdleTimer(() -> {
            times.countDown();
            self.get().touch();
        }));
        self.get().setTimeout(SHORT);
        self.get().start();
        Await.until("it has fired three times", times);
        self.get().stop();
    }

    @Test
    void touchingFromManyThreadsKeepsOnePendingTask() throws Exception {
        timer.setTimeout(FAR);
        timer.start();
        List<CompletableFuture<?>> touchers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            touchers.add(Await.start(() -> {
                for (int j = 0; j < 10_000; j++) {
                    timer.touch();
                    if (j % 100 == 0) {
                        timer.setTimeout(FAR + j);
                    }
                }
                return null;
            }));
        }
        for (CompletableFuture<?> toucher : touchers) {
            Await.value("a toucher is done", toucher);
        }
        assertTrue(isPending());
        timer.stop();
        assertEquals(false, isPending());
    }

    // -- In a stream. --

    @Test
    void acceptedStreamTellsTimeout() {
        LoomStream stream = new LoomStream(StreamOptions.defaults());
        Journal journal = Journal.of(stream);
        FakeTransport transport = new FakeTransport();
        stream.accepted(transport);
        transport.awaitReaderParked();
        stream.setTimeout(30);
        try {
            journal.awaitEvent("timeout");
        } finally {
            stream.destroy();
        }
        journal.awaitClosed("connect", "timeout", "close(false)");
    }

    @Test
    void timeoutListenerDoesNotRunOnTheTimersThread() throws Exception {
        LoomStream stream = new LoomStream(StreamOptions.defaults().dispatcher(Runnable::run));
        CompletableFuture<String> ranOn = new CompletableFuture<>();
        stream.onTimeout(() -> ranOn.complete(Thread.currentThread().getName()));
        stream.accepted(new FakeTransport());
        stream.idleTimer().start();
        stream.setTimeout(1);
        try {
            // It may also be taken along by the reader.
            assertNotEquals("weft-timer", Await.value("timeout is told", ranOn));
        } finally {
            stream.destroy();
        }
    }
}
