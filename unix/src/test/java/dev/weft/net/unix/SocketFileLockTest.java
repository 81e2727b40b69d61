// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
}
