// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.util.List;

/** The echo over TLS 1.3. */
final class TlsEcho extends ClosedLoop {
    @Override
    public String name() {
        return "tls";
    }

    @Override
    public String title() {
        return "the server writes what it reads, over TLS 1.3";
    }

    @Override
    public boolean secure() {
        return true;
    }

    @Override
    public Measurement measure(Workspace workspace, RunningServer server, Case shape, Phases phases)
            throws IOException, InterruptedException {
        List<Object> load = List.of(shape.connections(), shape.size(), shape.inFlight());
        return LoadGenerator.run(workspace, "tlsload.c", server, load, phases);
    }
}
