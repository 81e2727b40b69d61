// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Where a server listens in the scenario {@code unix}: one number, which it tells instead of a port, is in the path. */
final class UnixPath {
    private static final int PORTS = 65535;

    static final int NUMBER = (int) (ProcessHandle.current().pid() % PORTS) + 1;

    private UnixPath() {}

    /** {@return whether the scenario is this one} */
    static boolean isFor(Arguments arguments) {
        return arguments.scenario().equals("unix");
    }

    /** {@return the path, which is free} */
    static String free() throws IOException {
        Path path = path();
        Files.deleteIfExists(path);
        return path.toString();
    }

    private static Path path() {
        String directory = Objects.requireNonNullElse(System.getenv("TMPDIR"), "/tmp");
        return Path.of(directory, "weft-bench-" + NUMBER + ".sock");
    }

    /** Serves until the benchmark ends the process, and removes the file. */
    static void serve() throws IOException {
        Control.serveOn(NUMBER, () -> {
            try {
                Files.deleteIfExists(path());
            } catch (IOException e) {
                System.out.println("the socket's file: " + e);
            }
        });
    }
}
