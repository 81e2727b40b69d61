// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** The load is a C program, so that it needs less of its processor than any server needs of its own. */
final class LoadGenerator {
    private static final Duration PATIENCE = Duration.ofSeconds(70); // it has an alarm of its own, of 60 s

    private LoadGenerator() {}

    /**
     * Runs a load once. Fails if an answer is wrong, late by seconds, or missing.
     *
     * @param source its C program
     * @param arguments what it needs to know besides the server and the phases
     */
    static Measurement run(
            Workspace workspace, String source, RunningServer server, List<Object> arguments, Phases phases)
            throws IOException, InterruptedException {
        List<String> command = Stream.of(
                        Stream.of(workspace.compile(source), server.port(), server.pid(), server.backendPid()),
                        arguments.stream(),
                        Stream.of(phases.warmUp().toMillis(), phases.measured().toMillis()))
                .flatMap(part -> part)
                .map(String::valueOf)
                .toList();
        Duration limit = phases.warmUp().plus(phases.measured()).plus(PATIENCE);
        return Measurement.parse(workspace.children().output(workspace.pinning().load(command), limit));
    }
}
