// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.Thread.UncaughtExceptionHandler;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** What belongs to one test and must be gone after it; {@link LeakCheck} makes it and looks. */
public final class TestScope {
    private final long threadsBefore = WeftThreads.mark();
    private final Set<String> socketsBefore = OpenSockets.inodes();
    private final LogRecorder log = LogRecorder.install();
    private final UncaughtExceptionHandler handlerBefore = Thread.getDefaultUncaughtExceptionHandler();
    private final ConcurrentLinkedQueue<String> uncaught = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedDeque<AutoCloseable> resources = new ConcurrentLinkedDeque<>();
    private final ConcurrentLinkedDeque<AutoCloseable> lastResources = new ConcurrentLinkedDeque<>();
    private volatile Path directory;
    private volatile boolean secured;
    private volatile boolean over;

    TestScope() {
        Thread.setDefaultUncaughtExceptionHandler(
                (thread, thrown) -> uncaught.add("uncaught in " + thread + ": " + Await.stackOf(thrown)));
    }

    /** The streams of this test are secured, which is not what it is about: {@link Events} leave {@code secure} out. */
    void setSecured() {
        secured = true;
    }

    boolean isSecured() {
        return secured;
    }

    /** Has a stream destroyed at the end of the test, whatever its outcome. */
    public Stream add(Stream stream) {
        resources.push(stream::destroy);
        if (over) {
            // A server has accepted it in the moment before it was closed, when the test had no more use for it.
            stream.destroy();
        }
        return stream;
    }

    /** Has a server closed at the end of the test, whatever its outcome. Its connections must end on their own. */
    public Server add(Server server) {
        resources.push(server);
        return server;
    }

    /** Has something closed at the end of the test, before the look at what is left; the latest goes first. */
    public <T extends AutoCloseable> T add(T resource) {
        resources.push(resource);
        return resource;
    }

    /** Has something closed when all else is gone, such as an executor that delivers the events. */
    public void addLast(AutoCloseable resource) {
        lastResources.push(resource);
    }

    /**
     * {@return an executor of so many platform threads that is shut down when all else is gone and it has run out of tasks}
     */
    public ExecutorService executor(int threads) {
        ThreadPoolExecutor executor = new ThreadPoolExecutor(
                threads,
                threads,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().name("test-executor").daemon().factory());
        addLast(() -> {
            try {
                // In this order: then nothing ran at the moment of the second look.
                Await.until(
                        () -> "the executor has nothing to do: " + executor,
                        () -> executor.getCompletedTaskCount() == executor.getTaskCount());
            } finally {
                executor.shutdownNow();
            }
        });
        return executor;
    }

    /** {@return a new directory, which must be empty at the end of the test} */
    public synchronized Path directory() {
        if (directory == null) {
            try {
                directory = Files.createTempDirectory("weft");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return directory;
    }

    /**
     * Waits for an ERROR in the log of {@code dev.weft.net} and takes it off the list of what must not be there.
     *
     * @param part of its message or of what was thrown
     * @return the whole record as text
     */
    public String awaitLoggedError(String part) {
        return awaitLogged(LogRecorder.ERROR, part);
    }

    /**
     * Waits for an INFO in the log of {@code dev.weft.net}.
     *
     * @param part of its message or of what was thrown
     * @return the whole record as text
     */
    public String awaitLoggedInfo(String part) {
        return awaitLogged(LogRecorder.INFO, part);
    }

    private String awaitLogged(String level, String part) {
        String[] found = new String[1];
        Await.until(
                () -> "a logged " + level + " with '" + part + "' among " + log.records(),
                () -> (found[0] = log.take(level, part)) != null);
        return found[0];
    }

    /** {@return what was logged so far to {@code dev.weft.net} at INFO and above, and was not awaited} */
    public List<String> logged() {
        return log.records();
    }

    /**
     * Waits for an exception that no thread has caught, and takes it off the list of what must not be there.
     *
     * @param part of its text
     */
    public void awaitUncaught(String part) {
        Await.until(
                () -> "an uncaught exception with '" + part + "' among " + uncaught,
                () -> uncaught.removeIf(text -> text.contains(part)));
    }

    // -- The end of the test, for LeakCheck. --

    void cleanUp(List<String> leftOvers) {
        over = true;
        closeAll(resources, leftOvers);
    }

    private static void closeAll(ConcurrentLinkedDeque<AutoCloseable> resources, List<String> leftOvers) {
        for (AutoCloseable next = resources.poll(); next != null; next = resources.poll()) {
            try {
                next.close();
            } catch (Throwable e) {
                leftOvers.add("cleaning up: " + Await.stackOf(e));
            }
        }
    }

    void awaitNothingLeft(Duration limit, List<String> leftOvers) {
        List<String> left = new ArrayList<>();
        Await.isTrueWithin(limit, () -> {
            left.clear();
            left.addAll(OpenSockets.describe(socketsBefore));
            if (left.isEmpty() && !lastResources.isEmpty()) {
                // An executor is not to go before the last event.
                left.addAll(WeftThreads.describeSince(threadsBefore));
            }
            return left.isEmpty();
        });
        leftOvers.addAll(left);
        if (!left.isEmpty()) {
            // Who has them open, maybe.
            leftOvers.addAll(WeftThreads.describeSince(threadsBefore));
        }
    }

    void close(List<String> leftOvers) {
        closeAll(lastResources, leftOvers);
        Thread.setDefaultUncaughtExceptionHandler(handlerBefore);
        leftOvers.addAll(uncaught);
        leftOvers.addAll(log.errors());
        log.remove();
        Path made = directory;
        if (made != null) {
            leftOvers.addAll(files(made));
        }
    }

    private static List<String> files(Path directory) {
        try (java.util.stream.Stream<Path> files = Files.list(directory)) {
            List<Path> found = files.toList();
            for (Path file : found) {
                Files.deleteIfExists(file);
            }
            Files.delete(directory);
            return found.stream().map(file -> "file " + file).collect(Collectors.toList());
        } catch (IOException e) {
            return List.of("directory " + directory + ": " + e);
        }
    }
}
