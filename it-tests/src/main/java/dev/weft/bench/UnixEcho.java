// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.util.List;

/** The echo once more, over a Unix socket with a path. */
final class UnixEcho extends ClosedLoop {
    @Override
    public String name() {
        return "unix";
    }

    @Override
    public String title() {
        return "the server writes what it reads, over a Unix socket";
    }

    @Override
    public String baseline() {
        return ServerKind.NATIVE;
    }

    @Override
    public Measurement measure(Workspace workspace, RunningServer server, Case shape, Phases phases)
            throws IOException, InterruptedException {
        List<Object> load = List.of(shape.connections(), shape.size(), shape.inFlight());
        return LoadGenerator.run(workspace, "unix.c", server, load, phases);
    }
}
