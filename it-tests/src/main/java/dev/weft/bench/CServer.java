// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.util.List;

/** The server in C, compiled on the spot. */
record CServer() implements ServerKind {
    @Override
    public String name() {
        return "c";
    }

    @Override
    public List<Entrant> entrants(List<Jdk> jdks) {
        return List.of(new Entrant(
                name(),
                false,
                jdks.getFirst(),
                workspace -> List.of(workspace.compile("server.c").toString())));
    }
}
