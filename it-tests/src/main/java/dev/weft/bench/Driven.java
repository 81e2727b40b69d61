// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.util.ArrayList;
import java.util.List;

/** What the scenarios have in common whose load is a C program: how busy both sides were, and what casts doubt on a run. */
abstract class Driven implements Scenario {
    /** From here on the load generator may be what limits the run. */
    private static final double LOAD_LIMIT = 95;

    /** What else ran, as a share of one processor, that can be seen in the numbers. */
    private static final double NOISE_LIMIT = 10;

    /** What the scenario is about: the first columns. */
    abstract List<Column> subject();

    @Override
    public final List<Column> columns() {
        List<Column> columns = new ArrayList<>(subject());
        columns.add(Column.plain("server %", 0, m -> percent(m, "serverCpuNanos")));
        columns.add(Column.plain("load %", 0, m -> percent(m, "loadCpuNanos")));
        columns.add(Column.plain("other %", 0, Driven::otherPercent));
        return columns;
    }

    /** How many of something per second, and how much of the server's time each of it took. */
    static List<Column> rate(String unit) {
        return List.of(
                Column.compared(unit + "/s", 0, m -> m.get("messages") * 1e9 / m.get("elapsedNanos")),
                Column.compared("CPU µs/" + unit, 2, m -> m.get("serverCpuNanos") / 1000 / m.get("messages"))
                        .withSpread());
    }

    /** How long it took each time. */
    static List<Column> latency() {
        return List.of(
                Column.compared("p50 µs", 1, m -> m.get("p50Micros")),
                Column.compared("p99 µs", 1, m -> m.get("p99Micros")));
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
        if (m.get("unserved") > 0) doubts.add("some connections were not served while measured");
        if (m.values().getOrDefault("unended", 0.0) > 0) doubts.add("the client's end was not seen for seconds");
        return doubts;
    }

    /** Of one processor. The system counts it in ticks, so that little of it can come out as less than nothing. */
    private static double otherPercent(Measurement m) {
        return Math.max(0, percent(m, "otherCpuNanos"));
    }

    private static double percent(Measurement m, String name) {
        return 100 * m.get(name) / m.get("elapsedNanos");
    }
}
