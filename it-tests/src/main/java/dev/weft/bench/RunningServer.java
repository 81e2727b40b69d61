// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A server process that listens. It ends when its standard input does. */
final class RunningServer implements AutoCloseable {
    private static final String LISTENING = "listening ";
    private static final String UNAVAILABLE = "unavailable: ";
    private static final String ANSWER = "answer ";
    private static final int START_SECONDS = 30;
    private static final int ANSWER_SECONDS = 30;
    private static final int END_SECONDS = 3;
    private static final int MOST_REMARKS = 10;

    private final Process process;
    private final boolean jvm;
    private final long backendPid;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private final CompletableFuture<Integer> port = new CompletableFuture<>();
    private final List<String> remarks = new ArrayList<>(); // guarded by itself

    private RunningServer(Process process, boolean jvm, long backendPid) {
        this.process = process;
        this.jvm = jvm;
        this.backendPid = backendPid;
    }

    /**
     * Starts a server and waits until it listens. Fails with the reason if the machine lacks what it needs.
     *
     * @param jvm whether it can be {@linkplain #ask asked}
     * @param backendPid the process that it connects to, 0 if none
     */
    static RunningServer start(Children children, List<String> command, boolean jvm, long backendPid)
            throws IOException, InterruptedException {
        RunningServer server = new RunningServer(children.start(command), jvm, backendPid);
        Thread.ofVirtual().start(server::listenToIt);
        try {
            server.port.get(START_SECONDS, TimeUnit.SECONDS);
            return server;
        } catch (ExecutionException e) {
            server.close();
            throw new IOException(Objects.requireNonNullElse(e.getCause(), e).getMessage(), e);
        } catch (TimeoutException e) {
            server.close();
            throw new IOException("does not listen after " + START_SECONDS + " s " + server.remarks(), e);
        }
    }

    int port() {
        return port.join();
    }

    long pid() {
        return process.pid();
    }

    /** The process that it connects to; 0 if there is none. */
    long backendPid() {
        return backendPid;
    }

    /** A number that its JVM knows, see {@code Control}; not a number if it runs on none. */
    double ask(String question) throws IOException, InterruptedException {
        if (!jvm) return Double.NaN;
        Writer writer = process.outputWriter();
        writer.write(question + "\n");
        writer.flush();
        String answer = answers.poll(ANSWER_SECONDS, TimeUnit.SECONDS);
        if (answer == null) throw new IOException("no answer to " + question + " after " + ANSWER_SECONDS + " s");
        return Measurement.parse(answer).get(question);
    }

    /** Its resident memory in bytes, as the system sees it. */
    double residentBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + pid() + "/status"))) {
            if (line.startsWith("VmRSS:")) return 1024 * Double.parseDouble(line.replaceAll("[^0-9]", ""));
        }
        throw new IOException("no VmRSS in /proc/" + pid() + "/status");
    }

    /** The first lines of what it printed and should not have: warnings, stack traces. */
    List<String> remarks() {
        synchronized (remarks) {
            return List.copyOf(remarks);
        }
    }

    /** Reads to the end whatever happens, so that the server can never block on its output. */
    private void listenToIt() {
        try (BufferedReader reader = process.inputReader()) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) hear(line);
        } catch (IOException e) {
            remark("its output: " + e);
        }
        port.completeExceptionally(new IOException(
                "ended before it listened: " + remarks().stream().findFirst().orElse("without a word")));
    }

    private void hear(String line) {
        if (line.startsWith(LISTENING)) {
            port.complete(Integer.valueOf(line.substring(LISTENING.length())));
        } else if (line.startsWith(ANSWER)) {
            answers.add(line.substring(ANSWER.length()));
        } else if (line.startsWith(UNAVAILABLE)) {
            port.completeExceptionally(new IOException(line.substring(UNAVAILABLE.length())));
        } else {
            remark(line);
        }
    }

    private void remark(String line) {
        synchronized (remarks) {
            if (remarks.size() < MOST_REMARKS) remarks.add(line);
        }
    }

    /** Ends the process: by closing its standard input, and if that does not help, by force. */
    @Override
    public void close() {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            remark("its input: " + e);
        }
        process.onExit()
                .completeOnTimeout(process, END_SECONDS, TimeUnit.SECONDS)
                .join();
        if (process.isAlive()) process.destroyForcibly();
    }
}
