// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The words {@code --option value --option value ...}, over defaults that also say which options there are. */
final class CommandLine {
    private final Map<String, String> values;

    private CommandLine(Map<String, String> values) {
        this.values = values;
    }

    static CommandLine parse(String[] words, Map<String, String> defaults) {
        Map<String, String> values = new HashMap<>(defaults);
        for (int i = 0; i < words.length; i += 2) {
            String name = words[i].startsWith("--") ? words[i].substring(2) : "";
            if (!defaults.containsKey(name)) throw new IllegalArgumentException("no such option: " + words[i]);
            if (i + 1 == words.length) throw new IllegalArgumentException("no value for " + words[i]);
            values.put(name, words[i + 1]);
        }
        return new CommandLine(values);
    }

    String get(String name) {
        String value = values.get(name);
        if (value == null) throw new IllegalArgumentException("no default for --" + name);
        return value;
    }

    List<String> list(String name) {
        return get(name).isBlank() ? List.of() : List.of(get(name).split(",", -1));
    }

    /** Those among all whose names are in the list, in the order of the list. The word {@code all} stands for all. */
    <T> List<T> choices(String name, List<T> all, Function<T, String> nameOf) {
        if (get(name).equals("all")) return all;
        List<T> chosen = new ArrayList<>();
        for (String word : list(name)) {
            chosen.add(all.stream()
                    .filter(one -> nameOf.apply(one).equals(word))
                    .findFirst()
                    .orElseThrow(() ->
                            wrong(name, "one of " + all.stream().map(nameOf).toList(), word)));
        }
        return chosen;
    }

    List<Integer> numbers(String name, int most) {
        return list(name).stream().map(word -> number(name, word, most)).toList();
    }

    int number(String name, int most) {
        return number(name, get(name), most);
    }

    /** A time of up to ten minutes, with an optional fraction. */
    Duration seconds(String name) {
        try {
            double seconds = Double.parseDouble(get(name));
            if (seconds >= 0.1 && seconds <= 600) return Duration.ofMillis(Math.round(seconds * 1000));
        } catch (NumberFormatException e) {
            // said below
        }
        throw wrong(name, "between 0.1 and 600 seconds", get(name));
    }

    boolean flag(String name) {
        return switch (get(name)) {
            case "yes" -> true;
            case "no" -> false;
            default -> throw wrong(name, "yes or no", get(name));
        };
    }

    private static int number(String name, String word, int most) {
        try {
            int number = Integer.parseInt(word);
            if (number >= 1 && number <= most) return number;
        } catch (NumberFormatException e) {
            // said below
        }
        throw wrong(name, "between 1 and " + most, word);
    }

    private static IllegalArgumentException wrong(String name, String rule, String value) {
        return new IllegalArgumentException("--" + name + " must be " + rule + ": " + value);
    }
}
