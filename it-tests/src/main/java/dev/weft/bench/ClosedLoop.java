// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What the scenarios have in common in which every connection keeps the same number of messages in flight and sends a
 * new one for each answer: they differ in what the server does.
 */
abstract class ClosedLoop implements Scenario {
    /** From here on the load generator may be what limits the run. */
    private static final double LOAD_LIMIT = 95;

    /** What else ran, as a share of one processor, that can be seen in the numbers. */
    private static final double NOISE_LIMIT = 10;

    @Override
    public List<Case> cases(Options options) {
        List<Case> cases = new ArrayList<>();
        for (int connections : options.connections()) {
            for (int size : options.sizes()) {
                for (int inFlight : options.inFlight()) cases.add(new Case(connections, size, inFlight));
            }
        }
        return cases;
    }

    @Override
    public Measurement measure(Workspace workspace, RunningServer server, Case shape, Phases phases)
            throws IOException, InterruptedException {
        return LoadGenerator.run(workspace, server, shape, phases);
    }

    @Override
    public List<Column> columns() {
        return List.of(
                Column.compared("msg/s", 0, ClosedLoop::messagesPerSecond),
                Column.compared("CPU µs/msg", 2, ClosedLoop::serverMicrosPerMessage)
                        .withSpread(),
                Column.compared("p50 µs", 1, m -> m.get("p50Micros")),
                Column.compared("p99 µs", 1, m -> m.get("p99Micros")),
                Column.plain("server %", 0, m -> percent(m, "serverCpuNanos")),
                Column.plain("load %", 0, m -> percent(m, "loadCpuNanos")),
                Column.plain("other %", 0, ClosedLoop::otherPercent));
    }

    @Override
    public boolean disturbed(Measurement m) {
        return otherPercent(m) >= NOISE_LIMIT;
    }

    @Override
    public List<String> doubts(Measurement m) {
        List<String> doubts = new ArrayList<>();
        if (percent(m, "loadCpuNanos") >= LOAD_LIMIT) doubts.add("the load generator was the limit");
        if (disturbed(m)) doubts.add("the machine was busy with something else");
        if (m.get("unserved") > 0) doubts.add("some connections got no answer while measured");
        return doubts;
    }

    private static double messagesPerSecond(Measurement m) {
        return m.get("messages") * 1e9 / m.get("elapsedNanos");
    }

    private static double serverMicrosPerMessage(Measurement m) {
        return m.get("serverCpuNanos") / 1000 / m.get("messages");
    }

    /** Of one processor. The system counts it in ticks, so that little of it can come out as less than nothing. */
    private static double otherPercent(Measurement m) {
        return Math.max(0, percent(m, "otherCpuNanos"));
    }

    private static double percent(Measurement m, String name) {
        return 100 * m.get(name) / m.get("elapsedNanos");
    }
}
