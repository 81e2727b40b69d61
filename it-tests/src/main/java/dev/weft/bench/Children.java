// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** The processes that the benchmark has started. None of them outlives it. */
final class Children implements AutoCloseable {
    private final Object lock = new Object();
    private final Set<Process> alive = new HashSet<>(); // guarded by lock
    private boolean closed; // guarded by lock

    /** Starts a process whose errors go where its output goes. */
    Process start(List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        synchronized (lock) {
            if (closed) throw new IOException("the benchmark is ending: not starting " + command.getFirst());
            alive.removeIf(process -> !process.isAlive());
            Process process = builder.start();
            alive.add(process);
            return process;
        }
    }

    /** Runs a command that prints little, to its end, and returns what it printed. */
    String output(List<String> command, Duration limit) throws IOException, InterruptedException {
        Process process = start(command);
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            process.destroyForcibly();
            throw new IOException("no end after " + limit.toSeconds() + " s: " + command);
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (process.exitValue() != 0) {
            throw new IOException(output.isEmpty() ? "exit value " + process.exitValue() + ": " + command : output);
        }
        return output;
    }

    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            alive.forEach(Process::destroyForcibly);
        }
    }
}
