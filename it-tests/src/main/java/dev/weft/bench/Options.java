// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What to measure, and how long.
 *
 * @param connections empty: each scenario has its own
 * @param tries how often a run is tried until nothing else disturbs it
 * @param measured the part of each run that counts
 * @param warmUp what comes before it in each run
 * @param firstWarmUp what each new server process gets first
 * @param fresh whether each run has a server process of its own
 */
record Options(
        List<Scenario> scenarios,
        List<ServerKind> servers,
        List<Jdk> jdks,
        List<Integer> connections,
        List<Integer> sizes,
        List<Integer> inFlight,
        int rounds,
        int tries,
        Duration measured,
        Duration warmUp,
        Duration firstWarmUp,
        boolean fresh,
        Pinning pinning,
        String compiler) {

    static final String USAGE = """
        Bench [--OPTION VALUE]...     lists are separated by commas
          --scenarios LIST            echo, unix, twowrites, upload, download, duplex, proxy, proxymsg,
                                      connect, idle, foreign, tls, tlsupload,
                                      tlsdownload, handshakes, tlsidle; all  (echo)
          --servers LIST              weft, weft-lent, weft-blocking, netty-nio, netty-epoll, vertx,
                                      jdk-plain, turn, node, c; all          (all)
          --jdks LIST                 homes of the JDKs to run servers on    (the one that runs this)
          --connections LIST          1 to 60000                             (as the scenario has it)
          --sizes LIST                bytes per message, 1 to 1048576        (64)
          --in-flight LIST            messages per connection, 1 to 1024     (1)
          --rounds N                  runs of each server that count         (5)
          --tries N                   at most, until a run is undisturbed    (1)
          --seconds S                 measured part of a run                 (3)
          --warm-up S                 warm-up of each run                    (1)
          --first-warm-up S           warm-up of a new server process        (5)
          --fresh yes|no              a new server process for each run      (no)
          --server-cpus CPUS          processors of the servers; all: not pinned   (0)
          --load-cpus CPUS            processors of the load; all: not pinned      (1)
          --cc COMMAND                the C compiler                         (gcc)
        """;

    private static final Map<String, String> DEFAULTS = Map.ofEntries(
            Map.entry("scenarios", "echo"),
            Map.entry("servers", "all"),
            Map.entry("jdks", ""),
            Map.entry("connections", ""),
            Map.entry("sizes", "64"),
            Map.entry("in-flight", "1"),
            Map.entry("rounds", "5"),
            Map.entry("tries", "1"),
            Map.entry("seconds", "3"),
            Map.entry("warm-up", "1"),
            Map.entry("first-warm-up", "5"),
            Map.entry("fresh", "no"),
            Map.entry("server-cpus", "0"),
            Map.entry("load-cpus", "1"),
            Map.entry("cc", "gcc"));

    /**
     * Reads the command line.
     *
     * @throws IllegalArgumentException if it is wrong
     */
    static Options parse(String[] words) {
        CommandLine line = CommandLine.parse(words, DEFAULTS);
        return new Options(
                line.choices("scenarios", Scenarios.ALL, Scenario::name),
                line.choices("servers", ServerKind.ALL, ServerKind::name),
                jdks(line.list("jdks")),
                line.numbers("connections", 60_000),
                line.numbers("sizes", 1 << 20),
                line.numbers("in-flight", 1024),
                line.number("rounds", 1000),
                line.number("tries", 100),
                line.seconds("seconds"),
                line.seconds("warm-up"),
                line.seconds("first-warm-up"),
                line.flag("fresh"),
                Pinning.of(line.get("server-cpus"), line.get("load-cpus")),
                line.get("cc"));
    }

    /** How many connections: as the command line says, or else as is usual for a scenario. */
    List<Integer> connectionsOr(Integer... usual) {
        return connections.isEmpty() ? List.of(usual) : connections;
    }

    /** The rows of the tables. */
    List<Entrant> entrants() {
        return servers.stream().flatMap(kind -> kind.entrants(jdks).stream()).toList();
    }

    /** About how long it takes if every server takes part. */
    Duration estimate() {
        Duration run = measured.plus(fresh ? firstWarmUp : warmUp).plusMillis(300);
        Duration contest = run.multipliedBy(rounds).plus(fresh ? Duration.ZERO : firstWarmUp.plusMillis(800));
        int contests = scenarios.stream().mapToInt(s -> s.cases(this).size()).sum();
        return contest.multipliedBy((long) entrants().size() * contests);
    }

    private static List<Jdk> jdks(List<String> homes) {
        if (homes.isEmpty()) return List.of(Jdk.current());
        List<Jdk> jdks = new ArrayList<>();
        Set<Integer> features = new HashSet<>();
        for (String home : homes) {
            Jdk jdk = Jdk.at(Path.of(home));
            if (!features.add(jdk.feature())) throw new IllegalArgumentException("two JDKs " + jdk.feature());
            jdks.add(jdk);
        }
        return List.copyOf(jdks);
    }
}
