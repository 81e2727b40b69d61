// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.util.ArrayList;
import java.util.List;

/** A server of the package {@code dev.weft.bench.server}, on the class path of the benchmark itself. */
record JvmServer(String name, String className) implements ServerKind {
    /**
     * The same for all. The collector is the one that a JVM picks for itself when it has one processor; the heap is
     * more than any of them needs. Native access is for Netty's epoll, which would print a warning otherwise.
     */
    static final List<String> FLAGS =
            List.of("-Xms256m", "-Xmx1g", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED");

    @Override
    public List<Entrant> entrants(List<Jdk> jdks) {
        List<Entrant> entrants = new ArrayList<>();
        for (Jdk jdk : jdks) {
            entrants.add(new Entrant(at(name, jdk), true, jdk, workspace -> command(jdk)));
        }
        return entrants;
    }

    static String at(String name, Jdk jdk) {
        return name + "@" + jdk.feature();
    }

    private List<String> command(Jdk jdk) {
        List<String> command = new ArrayList<>();
        command.add(jdk.java());
        command.addAll(FLAGS);
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.add("dev.weft.bench.server." + className);
        return command;
    }
}
