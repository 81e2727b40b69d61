// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.util.List;

/** Whom we measure. A kind that runs on a JVM enters once for each JDK. */
interface ServerKind {
    /** What everything is compared with, but for what it does not know. */
    String BASELINE = "netty-nio";

    /** Netty's native transport, which has Unix sockets too. */
    String NATIVE = "netty-epoll";

    /** All there are; add new ones here. */
    List<ServerKind> ALL = List.of(
            new JvmServer("weft", "WeftServer"),
            new JvmServer("weft-lent", "WeftLentServer"),
            new JvmServer("weft-blocking", "WeftBlockingServer"),
            new JvmServer(BASELINE, "NettyNioServer"),
            new JvmServer(NATIVE, "NettyEpollServer"),
            new JvmServer("vertx", "VertxServer"),
            new JvmServer("jdk-plain", "JdkPlainServer"),
            new JvmServer("turn", "TurnServer"),
            new NodeServer(),
            new CServer());

    /** How it is called in the options. */
    String name();

    /** Its rows. The first JDK is the one whose baseline is for those that need none. */
    List<Entrant> entrants(List<Jdk> jdks);
}
