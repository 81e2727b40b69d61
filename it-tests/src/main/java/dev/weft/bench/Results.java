// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The measurements of one case, and the table that they make. */
final class Results {
    private final Scenario scenario;
    private final Case shape;
    private final Map<Entrant, List<Measurement>> runs = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();

    Results(Scenario scenario, Case shape) {
        this.scenario = scenario;
        this.shape = shape;
    }

    void add(Entrant entrant, Measurement measurement) {
        runs.computeIfAbsent(entrant, e -> new ArrayList<>()).add(measurement);
    }

    /** Takes a server out that could not start or answered wrongly. Numbers that it had are void. */
    void exclude(Entrant entrant, String reason) {
        runs.remove(entrant);
        note(entrant.name() + " is not in the table: " + reason);
    }

    void note(String note) {
        notes.add(note);
    }

    boolean isEmpty() {
        return runs.isEmpty();
    }

    /** One run in one line. */
    String describe(Measurement measurement) {
        return scenario.columns().stream()
                .map(column -> number(column.of(measurement), column.decimals()) + " " + column.title())
                .collect(Collectors.joining(", "));
    }

    /** Title, table and notes, in Markdown that also reads well as it is. */
    String report() {
        Table table = new Table(headings());
        runs.forEach((entrant, measurements) -> table.add(row(entrant, measurements)));
        List<String> lines = new ArrayList<>();
        lines.add("\n### " + scenario.name() + ": " + shape + "\n");
        lines.add(scenario.title() + "; × is the ratio to " + baselines() + "\n");
        lines.add(table.toString());
        notes.forEach(note -> lines.add("- " + note));
        doubts().forEach((doubt, rows) -> lines.add("- " + doubt + ": " + String.join(", ", rows)));
        return String.join("\n", lines);
    }

    private String baselines() {
        List<String> names =
                runs.keySet().stream().map(this::baseline).distinct().toList();
        String rule = names.size() > 1 ? ", whichever runs on the same JDK; the first for what runs on none" : "";
        return String.join(" or ", names) + rule;
    }

    private String baseline(Entrant entrant) {
        return JvmServer.at(scenario.baseline(), entrant.jdk());
    }

    private List<String> headings() {
        List<String> headings = new ArrayList<>(List.of("server"));
        for (Column column : scenario.columns()) {
            headings.add(column.title());
            if (column.spread()) headings.add("± %");
            if (column.compared()) headings.add("×");
        }
        return headings;
    }

    private List<String> row(Entrant entrant, List<Measurement> measurements) {
        List<String> row = new ArrayList<>(List.of(entrant.name()));
        for (Column column : scenario.columns()) {
            double[] values = measurements.stream().mapToDouble(column::of).toArray();
            row.add(number(median(values), column.decimals()));
            if (column.spread()) row.add(number(spread(values), 0));
            if (column.compared()) row.add(ratio(entrant, measurements, column::of));
        }
        return row;
    }

    /** The median of the ratios of the rounds: what disturbs a whole round does not touch it. */
    private String ratio(Entrant entrant, List<Measurement> measurements, ToDoubleFunction<Measurement> value) {
        List<Measurement> others = runs.entrySet().stream()
                .filter(run -> run.getKey().name().equals(baseline(entrant)))
                .findFirst()
                .map(Map.Entry::getValue)
                .orElse(List.of());
        if (others.size() != measurements.size()) return "-";
        return number(
                median(IntStream.range(0, others.size())
                        .mapToDouble(i -> value.applyAsDouble(measurements.get(i)) / value.applyAsDouble(others.get(i)))
                        .toArray()),
                2);
    }

    /** By doubt: the rows that it concerns, and how many of their runs. */
    private Map<String, List<String>> doubts() {
        Map<String, List<String>> rows = new TreeMap<>();
        runs.forEach((entrant, measurements) -> measurements.stream()
                .flatMap(measurement -> scenario.doubts(measurement).stream())
                .collect(Collectors.groupingBy(doubt -> doubt, Collectors.counting()))
                .forEach((doubt, count) -> rows.computeIfAbsent(doubt, d -> new ArrayList<>())
                        .add(entrant.name() + " (" + count + " of " + measurements.size() + " runs)")));
        return rows;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** Half of the distance from the least to the most, in percent of the median. */
    private static double spread(double[] values) {
        double least = Arrays.stream(values).min().orElse(0);
        double most = Arrays.stream(values).max().orElse(0);
        return 50 * (most - least) / median(values);
    }

    private static String number(double value, int decimals) {
        if (Double.isNaN(value)) return "-"; // not known of this server
        return String.format(Locale.ROOT, "%,." + decimals + "f", value);
    }
}
