// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.loom.Dispatcher.AwaitableTask;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Repeat a stress failure with {@code -Dweft.fuzz.seed=} the seed in its message. */
@ExtendWith(LeakCheck.class)
class DispatcherTest {
    enum Where {
        OWN_THREADS,
        SINGLE_THREAD,
        POOL,
        DIRECT,
        VIRTUAL,
        SHUT_DOWN_SOON
    }

    private final List<ExecutorService> pools = new ArrayList<>();
    private final ConcurrentLinkedQueue<Throwable> rejections = new ConcurrentLinkedQueue<>();
    private final long seed = Long.getLong("weft.fuzz.seed", System.nanoTime());

    @AfterEach
    void stopPools() {
        pools.forEach(ExecutorService::shutdownNow);
    }

    private Dispatcher dispatcher(Executor executor) {
        return new Dispatcher(executor, rejections::add);
    }

    private <E extends ExecutorService> E pool(E pool) {
        pools.add(pool);
        return pool;
    }

    private Executor executor(Where where) {
        return switch (where) {
            case OWN_THREADS -> null;
            case SINGLE_THREAD -> pool(Executors.newSingleThreadExecutor());
            case POOL -> pool(Executors.newFixedThreadPool(4));
            case DIRECT -> Runnable::run;
            case VIRTUAL -> pool(Executors.newVirtualThreadPerTaskExecutor());
            case SHUT_DOWN_SOON -> {
                ExecutorService pool = pool(Executors.newFixedThreadPool(2));
                AtomicInteger runs = new AtomicInteger();
                yield task -> {
                    if (runs.incrementAndGet() == 20) {
                        pool.shutdown();
                    }
                    pool.execute(task);
                };
            }
        };
    }

    /** One that a thread may wait for. */
    private static AwaitableTask task(Runnable body) {
        return new AwaitableTask() {
            @Override
            void body() {
                body.run();
            }
        };
    }

    private static Object mailbox(Dispatcher dispatcher) throws ReflectiveOperationException {
        Field field = Dispatcher.class.getDeclaredField("mailbox");
        field.setAccessible(true);
        return field.get(dispatcher);
    }

    /** A task that holds the dispatcher until it is told to go. */
    private static final class Holder implements Runnable {
        private final CountDownLatch running = new CountDownLatch(1);
        private final CountDownLatch go = new CountDownLatch(1);

        @Override
        public void run() {
            running.countDown();
            Await.until("the holder may go", go);
        }

        Holder awaitRunning() {
            Await.until("the holder runs", running);
            return this;
        }

        void release() {
            go.countDown();
        }
    }

    private static Holder hold(Dispatcher dispatcher) {
        Holder holder = new Holder();
        dispatcher.post(holder);
        return holder.awaitRunning();
    }

    // -- On the stream's own threads. --

    @Test
    void performRunsOnTheCallersThreadWhenIdle() {
        AtomicReference<Thread> ranOn = new AtomicReference<>();
        dispatcher(null).perform(task(() -> ranOn.set(Thread.currentThread())));
        assertSame(Thread.currentThread(), ranOn.get());
    }

    @Test
    void performOrPostRunsOnTheCallersThreadWhenIdle() {
        AtomicReference<Thread> ranOn = new AtomicReference<>();
        dispatcher(null).performOrPost(() -> ranOn.set(Thread.currentThread()));
        assertSame(Thread.currentThread(), ranOn.get());
    }

    @Test
    void mailboxIsNotMadeForAReaderAlone() throws Exception {
        Dispatcher dispatcher = dispatcher(null);
        for (int i = 0; i < 100; i++) {
            dispatcher.perform(task(() -> {}));
            dispatcher.performOrPost(() -> {});
        }
        assertNull(mailbox(dispatcher));
    }

    @Test
    void mailboxIsMadeWhenAnotherThreadPosts() throws Exception {
        Dispatcher dispatcher = dispatcher(null);
        CountDownLatch ran = new CountDownLatch(1);
        dispatcher.post(ran::countDown);
        Await.until("the posted task runs", ran);
        assertNotNull(mailbox(dispatcher));
    }

    @Test
    void postToAnIdleDispatcherRunsOnAVirtualThreadOfItsOwn() throws Exception {
        CompletableFuture<Thread> ranOn = new CompletableFuture<>();
        dispatcher(null).post(() -> ranOn.complete(Thread.currentThread()));
        Thread thread = Await.value("the posted task runs", ranOn);
        assertNotSame(Thread.currentThread(), thread);
        assertTrue(thread.isVirtual());
        assertEquals("weft-dispatcher", thread.getName());
    }

    @Test
    void postFromATaskRunsAfterItAndNotInside() {
        List<String> order = new ArrayList<>();
        Dispatcher dispatcher = dispatcher(null);
        dispatcher.perform(task(() -> {
            dispatcher.post(() -> order.add("posted"));
            order.add("task");
        }));
        assertEquals(List.of("task", "posted"), order, "perform also runs what was posted meanwhile");
    }

    @Test
    void whoeverPostsToABusyDispatcherIsServedByTheThreadThatHasIt() throws Exception {
        Dispatcher dispatcher = dispatcher(null);
        Holder holder = new Holder();
        CompletableFuture<Thread> reader = new CompletableFuture<>();
        CompletableFuture<?> performed = Await.start(() -> {
            reader.complete(Thread.currentThread());
            dispatcher.perform(task(holder));
            return null;
        });
        holder.awaitRunning();
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 100; i++) {
            int number = i;
            dispatcher.post(() -> {
                order.add(number);
                threads.add(Thread.currentThread());
            });
        }
        assertEquals(List.of(), order, "nothing runs while the holder does");
        holder.release();
        Await.value("perform returns", performed);
        assertEquals(100, order.size(), "all was done before the reader read on");
        for (int i = 0; i < 100; i++) {
            assertEquals(i, order.get(i));
            assertSame(Await.value("the reader starts", reader), threads.get(i));
        }
    }

    @Test
    void performWaitsForItsTurnWhenBusy() throws Exception {
        Dispatcher dispatcher = dispatcher(null);
        Holder holder = hold(dispatcher);
        AtomicReference<Thread> ranOn = new AtomicReference<>();
        CompletableFuture<Thread> performing = new CompletableFuture<>();
        CompletableFuture<Thread> performed = Await.start(() -> {
            performing.complete(Thread.currentThread());
            dispatcher.perform(task(() -> ranOn.set(Thread.currentThread())));
            return ranOn.get();
        });
        Thread caller = Await.value("the thread starts", performing);
        Await.parked("perform", caller);
        assertNull(ranOn.get());
        assertFalse(performed.isDone());
        holder.release();
        assertNotSame(caller, Await.value("perform returns", performed));
    }

    @Test
    void performOrPostDoesNotWaitWhenBusy() throws Exception {
        Dispatcher dispatcher = dispatcher(null);
        Holder holder = hold(dispatcher);
        CountDownLatch ran = new CountDownLatch(1);
        dispatcher.performOrPost(ran::countDown);
        assertEquals(1, ran.getCount());
        holder.release();
        Await.until("the task runs", ran);
    }

    @Test
    void sameAwaitableTaskServesAgainAndAgainInlineAndQueued() throws Exception {
        Dispatcher dispatcher = dispatcher(null);
        AtomicInteger runs = new AtomicInteger();
        AwaitableTask task = task(runs::incrementAndGet);
        for (int i = 0; i < 200; i++) {
            dispatcher.perform(task);
            Holder holder = hold(dispatcher);
            CompletableFuture<?> performed = Await.start(() -> {
                dispatcher.perform(task);
                return null;
            });
            holder.release();
            Await.value("perform returns", performed);
            assertEquals(2 * (i + 1), runs.get());
        }
    }

    @Test
    void idleDispatcherKeepsNoThread() throws Exception {
        Dispatcher dispatcher = dispatcher(null);
        CompletableFuture<Thread> ranOn = new CompletableFuture<>();
        dispatcher.post(() -> ranOn.complete(Thread.currentThread()));
        Await.ended("the dispatching thread", Await.value("the posted task runs", ranOn));
    }

    // -- On a user's executor. --

    @Test
    void everythingRunsOnTheUsersExecutor() throws Exception {
        ExecutorService single = pool(Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name("user").factory()));
        Dispatcher dispatcher = dispatcher(single);
        List<String> names = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch posted = new CountDownLatch(3);
        for (int i = 0; i < 2; i++) {
            dispatcher.post(() -> {
                names.add(Thread.currentThread().getName());
                posted.countDown();
            });
            dispatcher.perform(task(() -> names.add(Thread.currentThread().getName())));
        }
        dispatcher.performOrPost(() -> {
            names.add(Thread.currentThread().getName());
            posted.countDown();
        });
        Await.until("all tasks run", posted);
        assertEquals(Collections.nCopies(5, "user"), names);
    }

    @Test
    void performOnAnExecutorReturnsOnlyWhenTheTaskHasRun() {
        Dispatcher dispatcher = dispatcher(pool(Executors.newFixedThreadPool(2)));
        AtomicInteger runs = new AtomicInteger();
        AwaitableTask task = task(runs::incrementAndGet);
        for (int i = 1; i <= 1000; i++) {
            dispatcher.perform(task);
            assertEquals(i, runs.get());
        }
    }

    @Test
    void oneStreamsTasksDoNotKeepASharedThreadFromTheOthers() throws Exception {
        ExecutorService single = pool(Executors.newSingleThreadExecutor());
        Dispatcher greedy = dispatcher(single);
        Dispatcher modest = dispatcher(single);
        AtomicInteger greedyRuns = new AtomicInteger();
        AtomicBoolean stop = new AtomicBoolean();
        Runnable again = new Runnable() {
            @Override
            public void run() {
                greedyRuns.incrementAndGet();
                if (!stop.get()) {
                    greedy.post(this);
                }
            }
        };
        greedy.post(again);
        Await.until("the greedy one is at work", () -> greedyRuns.get() > 1000);
        CountDownLatch ran = new CountDownLatch(1);
        modest.post(ran::countDown);
        Await.until("the modest one gets its turn", ran);
        stop.set(true);
    }

    @Test
    void directExecutorRunsOnWhoeverPosts() {
        AtomicReference<Thread> ranOn = new AtomicReference<>();
        dispatcher(Runnable::run).post(() -> ranOn.set(Thread.currentThread()));
        assertSame(Thread.currentThread(), ranOn.get());
    }

    @Test
    void directExecutorDoesNotRunATaskInsideAnother() {
        Dispatcher dispatcher = dispatcher(Runnable::run);
        List<String> order = new ArrayList<>();
        dispatcher.post(() -> {
            dispatcher.post(() -> order.add("inner"));
            order.add("outer");
        });
        assertEquals(List.of("outer", "inner"), order);
    }

    /** Whatever the executor puts around a task, such as a lock or a context, holds for the listeners. */
    @Test
    void directExecutorHasEveryTaskRunInsideItsOwnCall() {
        AtomicInteger depth = new AtomicInteger();
        List<Integer> depths = new ArrayList<>();
        Dispatcher dispatcher = dispatcher(task -> {
            depth.incrementAndGet();
            task.run();
            depth.decrementAndGet();
        });
        Runnable look = () -> depths.add(depth.get());
        dispatcher.post(() -> {
            look.run();
            dispatcher.post(look);
        });
        dispatcher.perform(task(look));
        dispatcher.performOrPost(look);
        assertEquals(List.of(1, 1, 1, 1), depths);
    }

    @Test
    void directExecutorNeverRunsOnTheTimersThread() throws Exception {
        CompletableFuture<Thread> ranOn = new CompletableFuture<>();
        Thread timer = Thread.currentThread();
        dispatcher(Runnable::run).postFromTimer(() -> ranOn.complete(Thread.currentThread()));
        assertNotSame(timer, Await.value("the task runs", ranOn));
    }

    /** However long the backlog is: the thread that works it off must not go deeper with each part of it. */
    @ParameterizedTest
    @ValueSource(ints = {63, 64, 65, 1000, 1_000_000})
    void directExecutorWorksOffAnyBacklog(int tasks) throws Exception {
        Dispatcher dispatcher = dispatcher(Runnable::run);
        Holder holder = new Holder();
        AtomicInteger ran = new AtomicInteger();
        CompletableFuture<?> posted = Await.start(() -> {
            dispatcher.post(holder);
            return null;
        });
        holder.awaitRunning();
        for (int i = 0; i < tasks; i++) {
            dispatcher.post(ran::incrementAndGet);
        }
        holder.release();
        Await.value("the backlog is worked off", posted);
        assertEquals(tasks, ran.get());
    }

    // -- An executor that takes no more. --

    @Test
    void rejectedRunGoesToAThreadOfOurOwnAndOnRejectedIsTold() throws Exception {
        RejectedExecutionException rejection = new RejectedExecutionException("shut down");
        Dispatcher dispatcher = dispatcher(task -> {
            throw rejection;
        });
        CompletableFuture<Thread> ranOn = new CompletableFuture<>();
        dispatcher.post(() -> ranOn.complete(Thread.currentThread()));
        assertEquals(
                "weft-dispatcher", Await.value("the rejected task runs", ranOn).getName());
        assertSame(rejection, rejections.poll());
        assertTrue(rejections.isEmpty());
    }

    @Test
    void errorOfAnExecutorIsARejectionToo() throws Exception {
        OutOfMemoryError noThread = new OutOfMemoryError("unable to create native thread");
        Dispatcher dispatcher = dispatcher(task -> {
            throw noThread;
        });
        CompletableFuture<Thread> ranOn = new CompletableFuture<>();
        dispatcher.post(() -> ranOn.complete(Thread.currentThread()));
        assertEquals(
                "weft-dispatcher", Await.value("the rejected task runs", ranOn).getName());
        assertSame(noThread, rejections.poll());
    }

    @Test
    void taskThatThrowsDoesNotKeepTheOthersFromRunning() {
        Dispatcher dispatcher = dispatcher(null);
        AtomicInteger runs = new AtomicInteger();
        for (int i = 1; i <= 3; i++) {
            assertThrows(
                    IllegalStateException.class,
                    () -> dispatcher.performOrPost(() -> {
                        dispatcher.post(runs::incrementAndGet);
                        throw new IllegalStateException();
                    }));
            int expected = i;
            Await.until("the task that was posted meanwhile runs", () -> runs.get() == expected);
        }
    }

    @Test
    void rejectedPerformStillReturns() {
        Dispatcher dispatcher = dispatcher(task -> {
            throw new RejectedExecutionException();
        });
        AtomicInteger runs = new AtomicInteger();
        dispatcher.perform(task(runs::incrementAndGet));
        dispatcher.perform(task(runs::incrementAndGet));
        assertEquals(2, runs.get());
        assertEquals(1, rejections.size(), "told once; the executor is not asked again");
    }

    @Test
    void nothingIsLostWhenAPoolIsShutDownInTheMiddleOfABacklog() throws Exception {
        ThreadPoolExecutor pool =
                pool(new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(1000)));
        Dispatcher dispatcher = dispatcher(pool);
        Holder holder = hold(dispatcher);
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 1000; i++) {
            int number = i;
            dispatcher.post(() -> order.add(number));
        }
        pool.shutdown();
        holder.release();
        Await.until("all tasks run", () -> order.size() == 1000);
        for (int i = 0; i < 1000; i++) {
            assertEquals(i, order.get(i));
        }
        assertEquals(1, rejections.size());
    }

    @Test
    void onRejectedMayPost() throws Exception {
        CountDownLatch told = new CountDownLatch(2);
        AtomicReference<Dispatcher> self = new AtomicReference<>();
        self.set(new Dispatcher(
                task -> {
                    throw new RejectedExecutionException();
                },
                e -> self.get().post(told::countDown)));
        self.get().post(told::countDown);
        Await.until("both tasks run", told);
    }

    // -- Stress. --

    /** Each thread's tasks in its order, none lost or doubled, never two at once. */
    @ParameterizedTest
    @EnumSource
    void manyThreadsTasksRunOneAtATimeAndInEachThreadsOrder(Where where) throws Exception {
        int threads = 8;
        int tasks = 20_000;
        Dispatcher dispatcher = dispatcher(executor(where));
        int[] next = new int[threads];
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        AtomicInteger fromTimer = new AtomicInteger();
        ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
        List<CompletableFuture<?>> posters = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int thread = t;
            SplittableRandom random = new SplittableRandom(seed + t);
            posters.add(Await.start(() -> {
                for (int i = 0; i < tasks; i++) {
                    int number = i;
                    Runnable body = () -> {
                        if (inside.incrementAndGet() != 1) {
                            wrong.add("two at once");
                        }
                        // Unsynchronized on purpose: the dispatcher orders the accesses.
                        if (next[thread]++ != number) {
                            wrong.add("thread " + thread + ": " + number + " out of order");
                        }
                        inside.decrementAndGet();
                        done.incrementAndGet();
                    };
                    if (thread == 0) {
                        dispatcher.perform(task(body)); // a stream has one reader
                    } else if (random.nextBoolean()) {
                        dispatcher.performOrPost(body);
                    } else {
                        dispatcher.post(body);
                    }
                    if (random.nextInt(100) == 0) {
                        fromTimer.incrementAndGet();
                        dispatcher.postFromTimer(fromTimer::decrementAndGet);
                    }
                    if (random.nextInt(50) == 0) {
                        LockSupport.parkNanos(random.nextInt(100_000));
                    }
                }
                return null;
            }));
        }
        for (CompletableFuture<?> poster : posters) {
            Await.value("a posting thread is done, seed " + seed, poster);
        }
        Await.until("all tasks run, seed " + seed, () -> done.get() == threads * tasks && fromTimer.get() == 0);
        assertEquals(List.of(), List.copyOf(wrong), "seed " + seed);
        assertEquals(where == Where.SHUT_DOWN_SOON ? 1 : 0, rejections.size());
    }
}
