// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Waits that end after {@link #LIMIT} at the latest and then say what did not happen. */
public final class Await {
    /** Far longer than anything takes that happens at all, also on a busy machine. */
    public static final Duration LIMIT = Duration.ofSeconds(10);

    private Await() {}

    /** Something that may throw anything. */
    @FunctionalInterface
    public interface Body {
        /** Does it. */
        void run() throws Exception;
    }

    /** Waits for a state. */
    public static void until(String what, BooleanSupplier state) {
        until(() -> what, state);
    }

    /** Waits for a state that is described when it was not reached. */
    public static void until(Supplier<String> what, BooleanSupplier state) {
        if (!isTrueWithin(LIMIT, state)) {
            throw new AssertionError("not within " + LIMIT.toSeconds() + " s: " + what.get());
        }
    }

    static boolean isTrueWithin(Duration limit, BooleanSupplier state) {
        return isTrueWithin(limit, Duration.ofMillis(2), state);
    }

    static boolean isTrueWithin(Duration limit, Duration interval, BooleanSupplier state) {
        try {
            Awaitility.await()
                    .atMost(limit)
                    .pollDelay(Duration.ZERO)
                    .pollInterval(interval)
                    .until(state::getAsBoolean);
            return true;
        } catch (ConditionTimeoutException e) {
            return state.getAsBoolean();
        }
    }

    /** Waits for a latch. */
    public static void latch(String what, CountDownLatch latch) {
        try {
            if (!latch.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError(
                        "not within " + LIMIT.toSeconds() + " s: " + what + ", " + latch.getCount() + " to go");
            }
        } catch (InterruptedException e) {
            throw interrupted(what, e);
        }
    }

    /** {@return what a future completes with} */
    public static <T> T value(String what, Future<T> future) {
        try {
            return get(what, future);
        } catch (ExecutionException e) {
            throw new AssertionError(what + " has failed: " + e.getCause(), e.getCause());
        }
    }

    /** {@return what a future fails with} */
    public static Throwable failure(String what, Future<?> future) {
        try {
            Object value = get(what, future);
            throw new AssertionError(what + " has not failed but given " + value);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            return cause instanceof CompletionException && cause.getCause() != null ? cause.getCause() : cause;
        } catch (CancellationException e) {
            return e;
        }
    }

    /** {@return the next element of a queue} */
    public static <T> T next(String what, BlockingQueue<T> queue) {
        try {
            T next = queue.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            if (next == null) {
                throw new AssertionError("not within " + LIMIT.toSeconds() + " s: " + what);
            }
            return next;
        } catch (InterruptedException e) {
            throw interrupted(what, e);
        }
    }

    private static <T> T get(String what, Future<T> future) throws ExecutionException {
        try {
            return future.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("not within " + LIMIT.toSeconds() + " s: " + what, e);
        } catch (InterruptedException e) {
            throw interrupted(what, e);
        }
    }

    /** Runs something on a platform thread of its own, since it might hang; it must return in time. */
    public static void returns(String what, Body body) {
        Object unused = returns(what, () -> {
            body.run();
            return true;
        });
    }

    /** {@return what a call on a platform thread of its own returns, which it must do in time} */
    public static <T> T returns(String what, Callable<T> call) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = run(Thread.ofPlatform().daemon().name("test-call"), result, call);
        return returned(what, result, thread);
    }

    /** {@return what a call on a virtual thread of its own returns, which it must do in time} */
    public static <T> T returnsOnVirtualThread(String what, Callable<T> call) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = run(Thread.ofVirtual().name("test-call"), result, call);
        return returned(what, result, thread);
    }

    /** {@return what a call will return that runs on a platform thread of its own} */
    public static <T> CompletableFuture<T> start(Callable<T> call) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread unused = run(Thread.ofPlatform().daemon().name("test-call"), result, call);
        return result;
    }

    private static <T> Thread run(Thread.Builder builder, CompletableFuture<T> result, Callable<T> call) {
        return builder.start(() -> {
            try {
                result.complete(call.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
    }

    private static <T> T returned(String what, CompletableFuture<T> result, Thread thread) {
        try {
            return get(what, result);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AssertionError failed) {
                throw failed;
            }
            throw new AssertionError(what + " has thrown: " + e.getCause(), e.getCause());
        } catch (AssertionError e) {
            String stack = Arrays.stream(thread.getStackTrace())
                    .map(at -> "\n    at " + at)
                    .collect(Collectors.joining());
            thread.interrupt();
            throw new AssertionError(e.getMessage() + "; it is" + stack, e);
        }
    }

    private static AssertionError interrupted(String what, InterruptedException e) {
        Thread.currentThread().interrupt();
        return new AssertionError("interrupted while waiting for " + what, e);
    }

    static String stackOf(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return text.toString();
    }
}
