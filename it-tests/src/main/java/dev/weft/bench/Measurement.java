// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.util.HashMap;
import java.util.Map;

/** The numbers of one run, by the names that the load generator gives them. */
record Measurement(Map<String, Double> values) {
    /** Reads {@code name=value name=value ...}. */
    static Measurement parse(String line) {
        Map<String, Double> values = new HashMap<>();
        for (String word : line.split(" ", -1)) {
            int equals = word.indexOf('=');
            if (equals < 1) throw new IllegalArgumentException("not name=value: \"" + word + "\" in \"" + line + "\"");
            values.put(word.substring(0, equals), Double.valueOf(word.substring(equals + 1)));
        }
        return new Measurement(Map.copyOf(values));
    }

    /** The same and one more. */
    Measurement with(String name, double value) {
        Map<String, Double> more = new HashMap<>(values);
        more.put(name, value);
        return new Measurement(Map.copyOf(more));
    }

    double get(String name) {
        Double value = values.get(name);
        if (value == null) throw new IllegalArgumentException("no " + name + " in " + values);
        return value;
    }
}
