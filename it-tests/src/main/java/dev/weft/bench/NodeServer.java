// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.util.List;

/** The server on Node, if there is one on the path. */
record NodeServer() implements ServerKind {
    @Override
    public String name() {
        return "node";
    }

    @Override
    public List<Entrant> entrants(List<Jdk> jdks) {
        return List.of(new Entrant(
                name(),
                false,
                jdks.getFirst(),
                workspace -> List.of("node", workspace.resource("server.js").toString())));
    }
}
