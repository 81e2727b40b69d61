// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;

/** Bounded waits whose failure says what did not happen. */
final class Await {
    static final Duration LONG = Duration.ofSeconds(10);

    private Await() {}

    static void until(String what, Callable<Boolean> condition) {
        Awaitility.await(what)
                .pollInSameThread()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .atMost(LONG)
                .until(condition);
    }

    static void until(String what, CountDownLatch latch) {
        try {
            if (!latch.await(LONG.toMillis(), TimeUnit.MILLISECONDS)) {
                fail("did not happen within " + LONG + ": " + what);
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException(e);
    }

    /** The value of a future, or what it has failed with. */
    static <T> T value(String what, CompletableFuture<T> future) throws Exception {
        try {
            return future.get(LONG.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw interrupted(e);
        } catch (TimeoutException e) {
            return fail("did not happen within " + LONG + ": " + what);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case Exception cause -> throw cause;
                case Error error -> throw error;
                case null, default -> throw e;
            }
        }
    }

    static void parked(String what, Thread thread) {
        until(what + " is parked", () -> switch (thread.getState()) {
            case WAITING, TIMED_WAITING -> true;
            default -> false;
        });
    }

    static void ended(String what, Thread thread) {
        try {
            if (!thread.join(LONG)) {
                fail(what + " has not ended within " + LONG);
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** Runs something on a virtual thread of its own. */
    static <T> CompletableFuture<T> start(Callable<T> action) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofVirtual().name("test").start(() -> {
            try {
                result.complete(action.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }
}
