// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.util.List;

/**
 * What is measured: how the servers behave, what the load does, and which numbers come of it. All there are: {@link
 * Scenarios#ALL}.
 */
interface Scenario {
    /** How it is called in the options, and the name of the servers' behaviour. */
    String name();

    /** One line on what happens. */
    String title();

    /** What is varied by the options: each case has its own servers and its own table. */
    List<Case> cases(Options options);

    /**
     * The behaviour of the server in C that the servers connect to, if they are proxies. It runs beside the load, as a part
     * of it. Empty: there is none.
     */
    default String backend() {
        return "";
    }

    /** The kind of server that all are compared with, each with the one on its own JDK. */
    default String baseline() {
        return ServerKind.BASELINE;
    }

    /** Whether the servers have TLS on their connections. */
    default boolean secure() {
        return false;
    }

    /** Whether each run needs a new server process, whatever the options say. */
    default boolean fresh() {
        return false;
    }

    /** One run. The load warms the server up before the measured part begins. */
    Measurement measure(Workspace workspace, RunningServer server, Case shape, Phases phases)
            throws IOException, InterruptedException;

    /** What the table shows. */
    List<Column> columns();

    /** Whether something else used so much of the machine that the run had better be repeated. */
    boolean disturbed(Measurement measurement);

    /** What a reader of the table must know about this run, in words; mostly nothing. */
    List<String> doubts(Measurement measurement);
}
