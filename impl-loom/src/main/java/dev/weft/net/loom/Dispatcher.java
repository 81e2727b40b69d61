// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jctools.queues.varhandle.unpadded.MpscLinkedVarHandleUnpaddedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Runs the tasks of one stream or server one at a time, in the order in which they came.
 *
 * <pre>
 *           tryClaim(), post()
 *    IDLE ──────────────────────▶ CLAIMED
 *     ▲                              │
 *     └──────────────────────────────┘
 *        release(), mailbox empty
 * </pre>
 *
 * Whoever finds it idle runs it. A thread of the stream's own ({@link #perform}, {@link #performOrPost}) does so on the
 * spot, so a reader delivers what it has read without handing it over; any other thread leaves its task in the mailbox and
 * starts a virtual thread. With a user's executor every run is submitted there.
 *
 * <p>Tasks must not throw: they report failures to their stream themselves. One that does all the same, for want of memory or
 * because the program's logger throws, does not keep the others from running.
 */
final class Dispatcher {
    private static final int IDLE = 0;
    private static final int CLAIMED = 1;

    /** How many tasks one run on a user's executor takes before it lets others have their turn. */
    private static final int RUN_LIMIT = 64;

    private static final VarHandle STATE;
    private static final VarHandle MAILBOX;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            STATE = lookup.findVarHandle(Dispatcher.class, "state", int.class);
            MAILBOX = lookup.findVarHandle(Dispatcher.class, "mailbox", Queue.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile @Nullable Executor executor;
    private final Consumer<Throwable> onRejected;

    private volatile int state = IDLE;

    /** Who runs tasks. Each thread compares it with itself, so it may be read without the claim. */
    private @Nullable Thread runner;

    /** Made when another thread first posts: most streams never need it. */
    private volatile @Nullable Queue<Runnable> mailbox;

    /**
     * @param executor where tasks run, or null for virtual threads
     * @param onRejected told when the executor takes no more tasks; virtual threads run them from then on
     */
    Dispatcher(@Nullable Executor executor, Consumer<Throwable> onRejected) {
        this.executor = executor;
        this.onRejected = onRejected;
    }

    /** Runs a task on this thread, or, if it is not its turn, leaves it in the mailbox and waits until it has run. Parks. */
    void perform(AwaitableTask task) {
        if (executor == null && isEmpty() && tryClaim()) {
            runner = Thread.currentThread();
            try {
                task.run();
            } finally {
                release();
            }
            return;
        }
        task.begin();
        post(task);
        task.await();
    }

    /** Whether this thread is in a task. */
    boolean isInTask() {
        return runner == Thread.currentThread();
    }

    /** Runs a task on this thread, or, if it is not its turn, leaves it in the mailbox. For threads of the stream's own. */
    void performOrPost(Runnable task) {
        if (executor == null && isEmpty() && tryClaim()) {
            runner = Thread.currentThread();
            try {
                task.run();
                clearInterrupt();
            } finally {
                release();
            }
        } else {
            post(task);
        }
    }

    /** Leaves a task in the mailbox, from any thread; never parks. */
    void post(Runnable task) {
        mailbox().add(task);
        if (tryClaim()) {
            submit(false);
        }
    }

    /** {@link #post} from the timer's thread, on which an executor that runs its tasks in the caller must not get to work. */
    void postFromTimer(Runnable task) {
        if (executor == null) {
            post(task);
        } else {
            Threads.start(Threads.DISPATCHER, () -> post(task));
        }
    }

    private boolean tryClaim() {
        return state == IDLE && STATE.compareAndSet(this, IDLE, CLAIMED);
    }

    /** A task that was posted before we gave up the claim saw it taken, so we look again after. */
    private void release() {
        for (; ; ) {
            runner = null;
            state = IDLE;
            if (isEmpty() || !tryClaim()) {
                return;
            }
            if (executor != null && !submit(true)) {
                return;
            }
            try {
                runMailbox(RUN_LIMIT);
            } catch (Throwable e) {
                release();
                throw e;
            }
        }
    }

    /**
     * Has the mailbox worked off elsewhere.
     *
     * @param inRun whether this thread is in a run, which then goes on if the executor runs its tasks in the caller
     * @return true if it does: then it is for us to do
     */
    private boolean submit(boolean inRun) {
        Executor target = executor;
        if (target != null) {
            Run run = new Run(inRun);
            try {
                target.execute(run);
                return run.isForCaller();
            } catch (Throwable e) {
                if (run.begun && !run.isForCaller()) {
                    throw e; // of a task, which the executor has run in the caller
                }
                // Nobody may lose events because a pool was shut down, or gets no thread: they go on here, and the
                // stream
                // hears of it.
                executor = null;
                onRejected.accept(e);
            }
        }
        Threads.start(Threads.DISPATCHER, this::runAndRelease);
        return false;
    }

    private void runAndRelease() {
        try {
            runMailbox(RUN_LIMIT);
        } finally {
            release();
        }
    }

    /** One run on a user's executor. If that calls it inside another one, it leaves the work to that one's loop. */
    private final class Run implements Runnable {
        private final @Nullable Thread submitter;

        // Both used by the submitter alone.
        private boolean submitted;
        private boolean inCaller;

        private volatile boolean begun;

        Run(boolean inRun) {
            submitter = inRun ? Thread.currentThread() : null;
        }

        boolean isForCaller() {
            submitted = true;
            return inCaller;
        }

        @Override
        public void run() {
            begun = true;
            if (Thread.currentThread() == submitter && !submitted) {
                inCaller = true;
            } else {
                runAndRelease();
            }
        }
    }

    private void runMailbox(int limit) {
        runner = Thread.currentThread();
        Queue<Runnable> tasks = mailbox();
        for (int i = 0; i < limit; i++) {
            Runnable task = tasks.poll();
            if (task == null) {
                return;
            }
            task.run();
            clearInterrupt();
        }
    }

    /**
     * A listener may have left the flag set; it is not for the next one, and the JDK would close the channel of a writer for
     * it. On a user's executor it is the user's.
     */
    private void clearInterrupt() {
        if (executor == null) {
            Thread.interrupted();
        }
    }

    private boolean isEmpty() {
        Queue<Runnable> tasks = mailbox;
        return tasks == null || tasks.isEmpty();
    }

    private Queue<Runnable> mailbox() {
        Queue<Runnable> tasks = mailbox;
        if (tasks == null) {
            tasks = new MpscLinkedVarHandleUnpaddedQueue<>();
            if (!MAILBOX.compareAndSet(this, null, tasks)) {
                tasks = mailbox();
            }
        }
        return tasks;
    }

    /** A task that one thread may wait for, again and again. */
    abstract static class AwaitableTask implements Runnable {
        private @Nullable Thread waiter;
        private volatile boolean pending;

        /** It cannot run now, and will be waited for. */
        void begin() {
            waiter = Thread.currentThread();
            pending = true;
        }

        private void await() {
            while (pending) {
                LockSupport.park(this); // parks
            }
        }

        @Override
        public final void run() {
            try {
                body();
            } finally {
                Thread thread = waiter;
                if (pending) {
                    waiter = null;
                    pending = false;
                    LockSupport.unpark(thread);
                }
            }
        }

        /** What to do; must not throw. */
        abstract void body();
    }
}
