// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Where and how the numbers were taken: what every table needs beside it. */
final class Machine {
    private Machine() {}

    static String describe(Options options, Pinning pinning) {
        String jdks = options.jdks().stream().map(Jdk::version).collect(Collectors.joining(", "));
        return String.join(
                "\n",
                "date:    " + LocalDate.now(ZoneId.systemDefault()),
                "machine: " + machine(),
                "pinning: " + pinning + "; event loop threads: " + pinning.serverThreads(),
                "JDKs:    " + jdks + "; " + String.join(" ", JvmServer.FLAGS),
                "runs:    " + runs(options));
    }

    private static String machine() {
        int processors = Runtime.getRuntime().availableProcessors();
        String system = System.getProperty("os.name") + " " + System.getProperty("os.version");
        return processor() + ", " + processors + " processors, " + system;
    }

    private static String runs(Options options) {
        String tries = options.tries() == 1 ? "" : ", disturbed ones tried up to " + options.tries() + " times";
        return options.fresh()
                ? "%d of %s s%s, each in a new server process after %s s"
                        .formatted(options.rounds(), seconds(options.measured()), tries, seconds(options.firstWarmUp()))
                : "%d of %s s%s, in one server process after %s s, each after %s s"
                        .formatted(
                                options.rounds(),
                                seconds(options.measured()),
                                tries,
                                seconds(options.firstWarmUp()),
                                seconds(options.warmUp()));
    }

    private static String seconds(Duration duration) {
        return new DecimalFormat("0.###", DecimalFormatSymbols.getInstance(Locale.ROOT))
                .format(duration.toMillis() / 1000.0);
    }

    private static String processor() {
        try {
            List<String> lines = Files.readAllLines(Path.of("/proc/cpuinfo"));
            return lines.stream()
                    .filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch"); // no such file elsewhere
        }
    }
}
