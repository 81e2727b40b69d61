// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.util.List;

/** Four threads that belong to no stream write messages to all of them. */
final class Foreign extends Driven {
    private static final int MESSAGE = 64; // bytes; bulk.c knows

    @Override
    public String name() {
        return "foreign";
    }

    @Override
    public String title() {
        return "four threads of the server, which belong to no stream, write messages to all streams";
    }

    @Override
    public List<Case> cases(Options options) {
        return options.connectionsOr(256).stream()
                .map(connections -> new Case(connections, MESSAGE, 0))
                .toList();
    }

    @Override
    public Measurement measure(Workspace workspace, RunningServer server, Case shape, Phases phases)
            throws IOException, InterruptedException {
        return LoadGenerator.run(workspace, "bulk.c", server, List.of(name(), shape.connections()), phases);
    }

    @Override
    List<Column> subject() {
        return rate("msg");
    }
}
