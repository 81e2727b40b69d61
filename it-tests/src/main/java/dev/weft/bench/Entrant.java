// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.util.List;

/**
 * A row of the table: a kind of server and, where it needs one, the JDK that it runs on.
 *
 * @param name such as {@code weft@25} or {@code node}
 * @param jvm whether it runs on a JVM, and so can tell what it has on its heap
 * @param jdk that it runs on; or, if it needs none, that on which the row runs that it is compared with
 */
record Entrant(String name, boolean jvm, Jdk jdk, Launch launch) {
    /** How its process is started, but for the pinning. */
    @FunctionalInterface
    interface Launch {
        List<String> command(Workspace workspace) throws IOException, InterruptedException;
    }
}
