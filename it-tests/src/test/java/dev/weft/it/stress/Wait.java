// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Waits that end, and that say what did not happen when they end in vain. */
public final class Wait {
    /** Long enough for a busy machine; nothing here takes as long unless it hangs. */
    public static final Duration LIMIT = Duration.ofSeconds(20);

    private Wait() {}

    /**
     * Waits for a state.
     *
     * @param what is expected to become true, for the failure's text
     * @param reached whether it is
     */
    public static void until(String what, Callable<Boolean> reached) {
        until(() -> what, reached);
    }

    /**
     * Waits for a state.
     *
     * @param what is expected to become true, and how things stand, asked for when it did not
     * @param reached whether it is
     */
    public static void until(Supplier<String> what, Callable<Boolean> reached) {
        try {
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(1))
                    .atMost(LIMIT)
                    .until(reached);
        } catch (ConditionTimeoutException e) {
            throw notReached(what.get(), e);
        }
    }

    /**
     * Waits for a result.
     *
     * @param what the future stands for, for the failure's text
     * @param future of it
     * @param <T> what it is
     * @return it
     */
    public static <T> T result(String what, Future<T> future) {
        return result(() -> what, future);
    }

    /**
     * Waits for a result.
     *
     * @param what the future stands for, and how things stand, asked for when there is none
     * @param future of it
     * @param <T> what it is
     * @return it
     */
    public static <T> T result(Supplier<String> what, Future<T> future) {
        try {
            return future.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw notReached(what.get(), e);
        } catch (ExecutionException e) {
            throw new AssertionError("failed: " + what.get(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for: " + what.get(), e);
        }
    }

    /**
     * Waits for a latch.
     *
     * @param what it stands for, for the failure's text
     * @param latch to wait for
     */
    public static void latch(String what, CountDownLatch latch) {
        boolean reached;
        try {
            reached = latch.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for: " + what, e);
        }
        if (!reached) {
            throw notReached(what + " (" + latch.getCount() + " to go)", null);
        }
    }

    /**
     * Waits for a thread to end.
     *
     * @param what its end means, for the failure's text
     * @param thread to wait for
     */
    public static void end(String what, Thread thread) {
        try {
            if (thread.join(LIMIT)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for: " + what, e);
        }
        AssertionError failure = notReached(what, null);
        failure.setStackTrace(thread.getStackTrace());
        throw failure;
    }

    private static AssertionError notReached(String what, Throwable cause) {
        return new AssertionError("did not happen within " + LIMIT.toSeconds() + " s: " + what, cause);
    }
}
