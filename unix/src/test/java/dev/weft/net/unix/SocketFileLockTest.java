// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketFileLockTest {
    @TempDir
    Path folder;

    @Test
    void oneThreadAtATimeHoldsItAndNothingIsLeft() throws IOException {
        Path socket = folder.resolve("x.sock");
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger rounds = new AtomicInteger();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 8; i++) {
                threads.execute(() -> {
                    for (int round = 0; round < 25; round++) {
                        try (SocketFileLock lock = SocketFileLock.of(socket)) {
                            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                            rounds.incrementAndGet();
                            inside.decrementAndGet();
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    }
                });
            }
        }
        assertEquals(1, most.get());
        assertEquals(200, rounds.get());
        try (var files = Files.list(folder)) {
            assertEquals(0, files.count(), "files left");
        }
    }

    @Test
    void aFileThatAKilledProcessHasLeftIsNoObstacle() throws IOException {
        Path file = folder.resolve(".x.sock.lock");
        Files.writeString(file, "left behind");
        try (SocketFileLock lock = SocketFileLock.of(folder.resolve("x.sock"))) {
            assertEquals(true, Files.exists(file));
        }
        assertFalse(Files.exists(file));
    }

    /** Takes the lock as another process, and says so. */
    private static final String HOLDER = """
            import fcntl, sys
            file = open(sys.argv[1], 'w')
            fcntl.lockf(file, fcntl.LOCK_EX)
            print('locked', flush=True)
            sys.stdin.readline()
            """;

    @Test
    void aProcessThatHoldsItForTooLongIsNamed() throws IOException {
        Path file = folder.resolve(".x.sock.lock");
        Process holder;
        try {
            holder = new ProcessBuilder("python3", "-c", HOLDER, file.toString()).start();
        } catch (IOException e) {
            assumeTrue(false, "needs python3: " + e);
            return;
        }
        try {
            assertEquals("locked", holder.inputReader().readLine());
            BindException e = assertThrows(
                    BindException.class, () -> SocketFileLock.of(folder.resolve("x.sock"), Duration.ofMillis(50)));
            assertTrue(e.getMessage().startsWith("Address already in use: another process"), e::getMessage);
            assertTrue(e.getMessage().contains(file.toString()), e::getMessage);
            // and other sockets are none the worse for it
            SocketFileLock.of(folder.resolve("y.sock")).close();
        } finally {
            holder.destroy();
        }
        // the system takes it from a process that ends
        SocketFileLock.of(folder.resolve("x.sock")).close();
        assertFalse(Files.exists(file));
    }

    @Test
    void whatIsNoRegularFileIsNamedAndLeftAlone() throws IOException {
        Path file = folder.resolve(".x.sock.lock");
        Files.createSymbolicLink(file, folder.resolve("elsewhere"));
        SocketException e = assertThrows(SocketException.class, () -> SocketFileLock.of(folder.resolve("x.sock")));
        assertTrue(e.getMessage().contains(file + " is not a regular file"), e::getMessage);
        assertTrue(Files.isSymbolicLink(file));
        assertFalse(Files.exists(folder.resolve("elsewhere")));
    }
}
