// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The live virtual threads of the engine's streams and servers; its relay stays for good. Only
 * {@code HotSpotDiagnosticMXBean.dumpThreads} lists virtual threads; it is called by reflection since the module of the tests
 * does not require jdk.management.
 */
final class WeftThreads {
    private static final Pattern HEADER = Pattern.compile("#(\\d+) \"(weft-(?!relay)[^\"]*)\" virtual.*");

    private static final Object BEAN;
    private static final Method DUMP;
    private static final Object TEXT;
    private static final Path DIRECTORY;

    static {
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

    private WeftThreads() {}

    /** {@return a number between those of the threads made before, and after, this call} */
    static long mark() {
        return Thread.ofVirtual().unstarted(() -> {}).threadId();
    }

    /** {@return name and stack of each live thread that was made after the mark} */
    static List<String> describeSince(long mark) {
        List<String> threads = new ArrayList<>();
        Pattern.compile("\\R\\R").splitAsStream(dump()).forEach(block -> {
            Matcher header = HEADER.matcher(block.lines().findFirst().orElse(""));
            if (header.matches() && Long.parseLong(header.group(1)) > mark) {
                threads.add("thread " + block.strip());
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
