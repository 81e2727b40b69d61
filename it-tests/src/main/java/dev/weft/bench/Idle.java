// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a connection that does nothing holds, before and after it has exchanged a message. */
final class Idle implements Scenario {
    private static final int WARM_UP = 200; // connections, so that all classes are loaded before the count begins

    private final String name;
    private final String what;
    private final boolean secure;
    private final int usual; // connections

    private Idle(String name, String what, boolean secure, int usual) {
        this.name = name;
        this.what = what;
        this.secure = secure;
        this.usual = usual;
    }

    static Idle plain() {
        return new Idle("idle", "connection", false, 15_000);
    }

    /** Fewer connections: each takes a handshake of both sides, and as much memory on ours. */
    static Idle tls() {
        return new Idle("tlsidle", "connection with TLS 1.3", true, 2_000);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String title() {
        return "bytes that the server holds for each " + what + ": on its heap after a collection, and resident, "
                + "before and after each has exchanged a message";
    }

    @Override
    public boolean secure() {
        return secure;
    }

    @Override
    public List<Case> cases(Options options) {
        List<Case> cases = new ArrayList<>();
        for (int connections : options.connectionsOr(usual)) {
            for (int size : options.sizes()) cases.add(new Case(connections, size, 0));
        }
        return cases;
    }

    /** What a JVM once had resident it keeps, so each run has its own. */
    @Override
    public boolean fresh() {
        return true;
    }

    @Override
    public Measurement measure(Workspace workspace, RunningServer server, Case shape, Phases phases)
            throws IOException, InterruptedException {
        Crowd.Door door = secure ? new TlsDoor(server.port()) : Crowd.plain(server.port());
        try (Crowd first = Crowd.connect(door, WARM_UP, shape.size())) {
            first.exchange();
        }
        Held none = Held.by(server);
        try (Crowd crowd = Crowd.connect(door, shape.connections(), shape.size())) {
            Held opened = Held.by(server);
            crowd.exchange();
            Held exchanged = Held.by(server);
            double connections = shape.connections();
            return new Measurement(Map.of(
                    "heapBefore", (opened.heap - none.heap) / connections,
                    "heapAfter", (exchanged.heap - none.heap) / connections,
                    "residentBefore", (opened.resident - none.resident) / connections,
                    "residentAfter", (exchanged.resident - none.resident) / connections));
        }
    }

    @Override
    public List<Column> columns() {
        return List.of(
                Column.compared("heap B before", 0, m -> m.get("heapBefore")),
                Column.compared("heap B after", 0, m -> m.get("heapAfter")).withSpread(),
                Column.plain("resident B before", 0, m -> m.get("residentBefore")),
                Column.plain("resident B after", 0, m -> m.get("residentAfter")));
    }

    @Override
    public boolean disturbed(Measurement measurement) {
        return false; // memory is not measured by the clock
    }

    @Override
    public List<String> doubts(Measurement measurement) {
        return List.of();
    }

    /** Bytes, after a collection. */
    private record Held(double heap, double resident) {
        static Held by(RunningServer server) throws IOException, InterruptedException {
            return new Held(server.ask("liveBytes"), server.residentBytes());
        }
    }
}
