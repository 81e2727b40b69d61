// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.peers;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;

/** The programs of this machine. */
public final class Programs {
    private Programs() {}

    /** Skips the test where there is no such program. */
    public static void assumePresent(String name) {
        boolean present = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, name)));
        Assumptions.assumeTrue(present, () -> "no " + name + " on this machine");
    }
}
