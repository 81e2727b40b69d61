// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Which processors the server and the load may use.
 *
 * @param serverCpus in the form of {@code taskset -c}; empty: all
 * @param loadCpus likewise
 */
record Pinning(String serverCpus, String loadCpus) {
    static final Pinning FREE = new Pinning("", "");

    /** As the options say it: {@code all} stands for no pinning. */
    static Pinning of(String serverCpus, String loadCpus) {
        return new Pinning(serverCpus.equals("all") ? "" : serverCpus, loadCpus.equals("all") ? "" : loadCpus);
    }

    /** Fails if there is no {@code taskset}, or there are no such processors. */
    void check(Children children) throws IOException, InterruptedException {
        children.output(server(List.of("true")), Duration.ofSeconds(10));
        children.output(load(List.of("true")), Duration.ofSeconds(10));
    }

    /** The command that runs a server. A process keeps its id through {@code taskset}. */
    List<String> server(List<String> command) {
        return pinned(serverCpus, command);
    }

    /** The command that runs a load generator. */
    List<String> load(List<String> command) {
        return pinned(loadCpus, command);
    }

    /** Event loop threads for the servers that have any: one per processor that they may use. */
    int serverThreads() {
        return serverCpus.matches("\\d+") ? 1 : Runtime.getRuntime().availableProcessors();
    }

    private static List<String> pinned(String cpus, List<String> command) {
        if (cpus.isEmpty()) return command;
        List<String> pinned = new ArrayList<>(List.of("taskset", "-c", cpus));
        pinned.addAll(command);
        return pinned;
    }

    private static String processors(String cpus) {
        return cpus.isEmpty() ? "all processors" : "processor " + cpus;
    }

    @Override
    public String toString() {
        return "server on %s, load on %s".formatted(processors(serverCpus), processors(loadCpus));
    }
}
