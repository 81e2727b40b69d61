// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the fairness of a saturated server rests on; the whole of it is tested through the public API, on one carrier. */
@Timeout(60)
class RelayTest {
    private static final int BUSY = 2 * Runtime.getRuntime().availableProcessors();

    private final Relay relay = Relay.INSTANCE;

    /** Runs threads that never park by themselves, and with them what has to get its turn. */
    private static void besideBusyThreads(IntConsumer call, Callable<?> newcomer) throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        Thread[] threads = new Thread[BUSY];
        for (int i = 0; i < BUSY; i++) {
            threads[i] = Thread.ofVirtual().start(() -> {
                for (int calls = 0; !stop.get(); calls++) {
                    call.accept(calls);
                }
            });
        }
        try {
            newcomer.call();
        } finally {
            stop.set(true);
            for (Thread thread : threads) {
                Await.ended("a busy thread", thread);
            }
        }
    }

    private static Object newcomerRuns() throws Exception {
        return Await.value("a newcomer runs", Await.start(() -> null));
    }

    @Test
    void threadsThatGiveWayLetANewcomerRun() throws Exception {
        besideBusyThreads(relay::giveWay, RelayTest::newcomerRuns);
    }

    @Test
    void readersThatLetOthersRunLetANewcomerRun() throws Exception {
        besideBusyThreads(
                calls -> {
                    if (relay.letOthersRun(calls)) {
                        relay.learn(true);
                    }
                },
                RelayTest::newcomerRuns);
    }

    @Test
    void readersThatNeverFindAnythingLetANewcomerRun() throws Exception {
        besideBusyThreads(
                calls -> {
                    if (relay.letOthersRun(calls)) {
                        relay.learn(false);
                    }
                },
                RelayTest::newcomerRuns);
    }

    @Test
    void threadsOfBothKindsLetTimersRun() throws Exception {
        besideBusyThreads(
                calls -> {
                    if (calls % 2 == 0) {
                        relay.giveWay(calls);
                    } else if (relay.letOthersRun(calls)) {
                        relay.learn(calls % 3 == 0);
                    }
                },
                () -> Await.value("a timer runs", Await.start(() -> {
                    LockSupport.parkNanos(1_000_000);
                    return null;
                })));
    }
}
