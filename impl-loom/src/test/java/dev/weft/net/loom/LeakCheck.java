// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.Thread.UncaughtExceptionHandler;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * After each test: no virtual thread of the engine lives that did not before (but for the relays, which all streams share),
 * none has died of an exception, and no {@link ThreadingContract} was broken.
 *
 * <p>Only {@code HotSpotDiagnosticMXBean.dumpThreads} lists virtual threads; by reflection, since the engine's module does
 * not require jdk.management.
 */
final class LeakCheck implements BeforeEachCallback, AfterEachCallback {
    private static final Pattern HEADER = Pattern.compile("#(\\d+) \"(weft-(?!relay)[^\"]*)\" virtual.*");

    private static final Object BEAN;
    private static final Method DUMP;
    private static final Object TEXT;
    private static final Path DIRECTORY;

    static {
        // Whatever test is the first to ask for the security provider decides for all of them.
        ToySecurity.install();
        try {
            Class<?> type = Class.forName("com.sun.management.HotSpotDiagnosticMXBean");
            Class<?> format = Class.forName("com.sun.management.HotSpotDiagnosticMXBean$ThreadDumpFormat");
            BEAN = Class.forName("java.lang.management.ManagementFactory")
                    .getMethod("getPlatformMXBean", Class.class)
                    .invoke(null, type);
            DUMP = type.getMethod("dumpThreads", String.class, format);
            TEXT = format.getField("TEXT_PLAIN").get(null);
            DIRECTORY = Files.createTempDirectory("weft-threads").toAbsolutePath();
            DIRECTORY.toFile().deleteOnExit();
        } catch (ReflectiveOperationException | IOException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Queue<Throwable> uncaught = new ConcurrentLinkedQueue<>();
    private Map<Long, String> known = Map.of();
    private UncaughtExceptionHandler before;

    @Override
    public void beforeEach(ExtensionContext context) {
        uncaught.clear();
        ThreadingContract.forget();
        known = threads();
        before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> {
            e.addSuppressed(new IllegalStateException("uncaught in " + thread));
            uncaught.add(e);
        });
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Thread.setDefaultUncaughtExceptionHandler(before);
        assertEquals(List.of(), ThreadingContract.violations(), "the threading contract of the SPI was broken");
        try {
            Await.until("threads of the engine have ended", () -> left().isEmpty());
        } catch (ConditionTimeoutException e) {
            assertEquals(List.of(), List.copyOf(left().values()), "threads that are left");
        }
        Throwable first = uncaught.poll();
        if (first != null) {
            throw new AssertionError("a thread has died of an exception", first);
        }
    }

    private Map<Long, String> left() {
        Map<Long, String> left = threads();
        left.keySet().removeAll(known.keySet());
        return left;
    }

    /** How many of the engine's virtual threads with this name live. */
    static long count(String name) {
        return threads().values().stream()
                .filter(text -> text.contains('"' + name + '"'))
                .count();
    }

    private static Map<Long, String> threads() {
        Map<Long, String> threads = new TreeMap<>();
        Pattern.compile("\\R\\R").splitAsStream(dump()).forEach(block -> {
            Matcher header = HEADER.matcher(block.lines().findFirst().orElse(""));
            if (header.matches()) {
                threads.put(Long.valueOf(header.group(1)), block.strip());
            }
        });
        return threads;
    }

    private static synchronized String dump() {
        Path file = DIRECTORY.resolve("dump");
        try {
            DUMP.invoke(BEAN, file.toString(), TEXT);
            String text = Files.readString(file);
            Files.delete(file);
            return text;
        } catch (ReflectiveOperationException | IOException e) {
            throw new IllegalStateException("no thread dump", e);
        }
    }
}
