// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * One carrier thread for everything, and load that never lets it rest: those who come beside it get their turn.
 *
 * <p>Virtual threads are not preempted, and a carrier looks at no other queue while the one it is on has work. So a
 * thread that was started, or unparked by a platform thread, may wait as long as the load lasts, unless it lets go.
 */
class FairnessTest {
    /** In which everyone must have had a turn; most take some milliseconds. */
    private static final Duration BOUND = Duration.ofSeconds(2);

    private static final int ROUNDS = 9;

    private final Child server = Child.java(
            FairServer.class,
            List.of("-Djdk.virtualThreadScheduler.parallelism=1", "-Djdk.virtualThreadScheduler.maxPoolSize=1"));
    private final Child load = Child.java(LoadGenerator.class, List.of());
    private final Map<String, Integer> ports = Stream.of("echo", "sink", "source", "clock", "quiet")
            .collect(Collectors.toMap(name -> name, name -> Integer.valueOf(server.expect(name))));
    private final Map<String, Long> loads = new LinkedHashMap<>();
    private final Map<String, String> report = new LinkedHashMap<>();

    @AfterEach
    void close() {
        load.close();
        server.close();
        assertEquals("", server.errors());
    }

    @Test
    void nobodyStarvesBesideHundredsOfBusyStreams(TestReporter reporter) throws IOException {
        put("echo", 300);
        assertNobodyStarves(reporter);
    }

    @Test
    void nobodyStarvesBesideAStreamThatAlwaysHasMoreToRead(TestReporter reporter) throws IOException {
        put("sink", 1);
        assertNobodyStarves(reporter);
    }

    @Test
    void nobodyStarvesBesideAStreamThatAlwaysHasMoreToWrite(TestReporter reporter) throws IOException {
        put("source", 1);
        assertNobodyStarves(reporter);
    }

    @Test
    void nobodyStarvesBesideAllOfThem(TestReporter reporter) throws IOException {
        put("echo", 300);
        put("sink", 2);
        put("source", 2);
        assertNobodyStarves(reporter);
    }

    private void put(String kind, int connections) {
        load.tell(kind + " " + ports.get(kind) + " " + connections);
        load.await("started");
        // a few for each connection, and the compiler has seen the code
        loads.put(kind, 10L * connections);
    }

    /** Several times each, all of them beside the load. */
    private void assertNobodyStarves(TestReporter reporter) throws IOException {
        awaitProgress();
        Duration usedBefore = server.cpuTime();
        long start = System.nanoTime();
        try {
            measure("newcomer", this::newcomer);
            try (Socket clock = connect("clock")) {
                hear("first timeout", 't', clock);
                measure("timeout", () -> tick(clock));
            }
            try (Socket quiet = connect("quiet")) {
                server.await("heard");
                measure("foreign write", () -> foreignWrite(quiet));
            }
        } finally {
            long wall = System.nanoTime() - start;
            long used = server.cpuTime().minus(usedBefore).toNanos();
            report.put("processor", 100 * used / wall + " %");
            reporter.publishEntry(report);
        }
        awaitProgress();
    }

    /** The load gets its turn too, all kinds of it. */
    private void awaitProgress() {
        loads.forEach((kind, atLeast) -> {
            long before = count(kind);
            Wait.until(
                    () -> "progress of " + kind + " by " + atLeast + ", from " + before + " to " + count(kind),
                    () -> count(kind) >= before + atLeast);
        });
    }

    /** How many messages, or pieces of 64 KiB, the load generator has transferred. */
    private long count(String kind) {
        load.tell("count " + kind);
        return Long.parseLong(load.await("counted"));
    }

    private interface Probe {
        /** Nanoseconds that it had to wait. */
        long waited() throws IOException;
    }

    private void measure(String what, Probe probe) throws IOException {
        long[] nanos = new long[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            nanos[i] = probe.waited();
        }
        Arrays.sort(nanos);
        String result = "median " + nanos[ROUNDS / 2] / 1000 + " us, most " + nanos[ROUNDS - 1] / 1000 + " us";
        report.put(what, result);
        assertTrue(nanos[ROUNDS - 1] <= BOUND.toNanos(), () -> what + ": " + result);
    }

    private Socket connect(String name) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), ports.get(name));
        socket.setSoTimeout((int) BOUND.multipliedBy(2).toMillis());
        socket.setTcpNoDelay(true);
        return socket;
    }

    /** Connects, and is echoed. */
    private long newcomer() throws IOException {
        long start = System.nanoTime();
        try (Socket socket = connect("echo")) {
            socket.getOutputStream().write('n');
            hear("newcomer's echo", 'n', socket);
        }
        return System.nanoTime() - start;
    }

    /** A timeout of the server's fires, and it says so. */
    private static long tick(Socket clock) throws IOException {
        long start = System.nanoTime();
        hear("timeout", 't', clock);
        return Math.max(0, System.nanoTime() - start - TimeUnit.MILLISECONDS.toNanos(FairServer.TIMEOUT_MILLIS));
    }

    /** A platform thread of the server writes to a stream that nothing else happens on. */
    private long foreignWrite(Socket quiet) throws IOException {
        long start = System.nanoTime();
        server.tell("write");
        hear("foreign write", 'w', quiet);
        return System.nanoTime() - start;
    }

    private static void hear(String what, int expected, Socket socket) throws IOException {
        try {
            assertEquals(expected, socket.getInputStream().read(), what);
        } catch (SocketTimeoutException e) {
            throw new AssertionError("no " + what + " within " + socket.getSoTimeout() + " ms", e);
        }
    }
}
