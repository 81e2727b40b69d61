// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.util.ArrayList;
import java.util.List;

/** A Markdown table whose columns are aligned in plain text too: the first to the left, the others to the right. */
final class Table {
    private final List<List<String>> rows = new ArrayList<>();

    Table(List<String> headings) {
        add(headings);
    }

    void add(List<String> row) {
        rows.add(List.copyOf(row));
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < rows.size(); i++) {
            text.append(line(rows.get(i)));
            if (i == 0) text.append(rule());
        }
        return text.toString();
    }

    private String line(List<String> row) {
        StringBuilder line = new StringBuilder("|");
        for (int column = 0; column < row.size(); column++) {
            String padding = " ".repeat(width(column) - row.get(column).length());
            line.append(' ')
                    .append(column == 0 ? row.get(column) + padding : padding + row.get(column))
                    .append(" |");
        }
        return line.append('\n').toString();
    }

    private String rule() {
        StringBuilder rule = new StringBuilder("|");
        for (int column = 0; column < rows.getFirst().size(); column++) {
            rule.append("-".repeat(width(column) + 1))
                    .append(column == 0 ? "-" : ":")
                    .append('|');
        }
        return rule.append('\n').toString();
    }

    private int width(int column) {
        return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
    }
}
