// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the scenarios have in common in which every connection keeps the same number of messages in flight and sends a
 * new one for each answer: they differ in what the server does.
 */
abstract class ClosedLoop extends Driven {
    @Override
    public List<Case> cases(Options options) {
        List<Case> cases = new ArrayList<>();
        for (int connections : options.connectionsOr(64, 1000)) {
            for (int size : options.sizes()) {
                for (int inFlight : options.inFlight()) cases.add(new Case(connections, size, inFlight));
            }
        }
        return cases;
    }

    @Override
    public Measurement measure(Workspace workspace, RunningServer server, Case shape, Phases phases)
            throws IOException, InterruptedException {
        List<Object> load = List.of(shape.connections(), shape.size(), shape.inFlight());
        return LoadGenerator.run(workspace, "load.c", server, load, phases);
    }

    @Override
    final List<Column> subject() {
        return Stream.concat(rate("msg").stream(), latency().stream()).toList();
    }
}
