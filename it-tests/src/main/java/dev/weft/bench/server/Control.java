// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;

/**
 * How a server process speaks with the benchmark that started it. It says where it listens, answers each question that
 * comes as a line on its standard input with a line on its standard output, and lives as long as the former: so no server
 * outlives a benchmark that was killed.
 */
final class Control {
    private static final int COLLECTIONS = 5; // at least one that leaves nothing, and one after it

    private Control() {}

    /** Says where the server listens, answers questions, and ends the process when the benchmark closes its end. */
    static void serveOn(int port) throws IOException {
        serveOn(port, () -> {});
    }

    /** The same, with something to do before the process ends. */
    static void serveOn(int port, Runnable atEnd) throws IOException {
        say("listening " + port);
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            say("answer " + line + "=" + answer(line));
        }
        atEnd.run();
        Runtime.getRuntime().halt(0);
    }

    /** Says why this machine, or this server, cannot take part. */
    static void unavailable(String reason) {
        say("unavailable: " + reason);
        Runtime.getRuntime().halt(0);
    }

    private static long answer(String question) {
        return switch (question) {
            case "allocatedBytes" -> allocatedBytes();
            case "liveBytes" -> liveBytes();
            default -> throw new IllegalArgumentException("no such question: " + question);
        };
    }

    /** On the heap, by all threads since the start. What virtual threads allocate is counted with their carriers. */
    private static long allocatedBytes() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getTotalThreadAllocatedBytes();
    }

    /**
     * On the heap, after a collection: several, since cleaners let go of things after the first, and the serial collector
     * leaves up to a twentieth of the old objects' space to dead ones but for each fourth time (MarkSweepAlwaysCompactCount).
     */
    private static long liveBytes() {
        for (int i = 0; i < COLLECTIONS; i++) System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
