// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The closed loop: a C program, so that it needs less of its processor than any server needs of its own. */
final class LoadGenerator {
    private static final Duration PATIENCE = Duration.ofSeconds(70); // it has an alarm of its own, of 60 s

    private LoadGenerator() {}

    /** Runs the load once. Fails if an answer is wrong, late by seconds, or missing. */
    static Measurement run(Workspace workspace, RunningServer server, Case shape, Phases phases)
            throws IOException, InterruptedException {
        Path program = workspace.compile("load.c");
        List<String> command = workspace
                .pinning()
                .load(List.of(
                        program.toString(),
                        String.valueOf(server.port()),
                        String.valueOf(server.pid()),
                        String.valueOf(shape.connections()),
                        String.valueOf(shape.size()),
                        String.valueOf(shape.inFlight()),
                        String.valueOf(phases.warmUp().toMillis()),
                        String.valueOf(phases.measured().toMillis())));
        Duration limit = phases.warmUp().plus(phases.measured()).plus(PATIENCE);
        return Measurement.parse(workspace.children().output(command, limit));
    }
}
