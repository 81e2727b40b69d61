// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Connections that carry one message and its answer. */
final class Connect extends Driven {
    private static final String ONE_MESSAGE =
            "one message, its answer, end of both sides; so many connections at a time";

    private final String name;
    private final String title;
    private final boolean secure;

    private Connect(String name, String title, boolean secure) {
        this.name = name;
        this.title = title;
        this.secure = secure;
    }

    static Connect plain() {
        return new Connect("connect", "connect, " + ONE_MESSAGE, false);
    }

    static Connect handshakes() {
        return new Connect("handshakes", "connect, a full handshake of TLS 1.3, " + ONE_MESSAGE, true);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String title() {
        return title;
    }

    @Override
    public boolean secure() {
        return secure;
    }

    @Override
    public List<Case> cases(Options options) {
        List<Case> cases = new ArrayList<>();
        for (int connections : options.connectionsOr(64)) {
            for (int size : options.sizes()) cases.add(new Case(connections, size, 0));
        }
        return cases;
    }

    @Override
    public Measurement measure(Workspace workspace, RunningServer server, Case shape, Phases phases)
            throws IOException, InterruptedException {
        List<Object> load = List.of(shape.connections(), shape.size());
        return LoadGenerator.run(workspace, secure ? "tlsconnect.c" : "connect.c", server, load, phases);
    }

    @Override
    List<Column> subject() {
        return Stream.concat(rate("conn").stream(), latency().stream()).toList();
    }
}
