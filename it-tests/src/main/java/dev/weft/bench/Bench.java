// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.time.Duration;

/**
 * Compares servers: starts each as a process of its own, measures them in turn in short interleaved runs, and prints
 * tables of medians and of ratios to Netty. See {@code BENCHMARKS.md}.
 */
public final class Bench {
    private static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;

    private Bench() {}

    /** Runs what the {@linkplain Options#USAGE options} say. */
    public static void main(String[] words) throws IOException, InterruptedException {
        try {
            System.exit(run(Options.parse(words)) ? 0 : FAILED);
        } catch (IllegalArgumentException e) {
            Log.progress(e.getMessage() + "\n\n" + Options.USAGE);
            System.exit(WRONG_USAGE);
        }
    }

    /** Returns whether there was something to measure in every case. */
    private static boolean run(Options options) throws IOException, InterruptedException {
        try (Workspace workspace = Workspace.open(options.pinning(), options.compiler())) {
            if (!prepare(workspace)) return false;
            Duration estimate = options.estimate(); // first: fails if a scenario does not suit the options
            Log.report(Machine.describe(options, workspace.pinning()));
            Log.progress("takes about %d min %d s".formatted(estimate.toMinutes(), estimate.toSecondsPart()));
            boolean complete = true;
            for (Scenario scenario : options.scenarios()) {
                for (Case shape : scenario.cases(options)) complete &= hold(options, workspace, scenario, shape);
            }
            return complete;
        }
    }

    /** Finds out early what the machine lacks. */
    private static boolean prepare(Workspace workspace) throws InterruptedException {
        try {
            workspace.pinning().check(workspace.children());
        } catch (IOException e) {
            Log.report("not pinned, server and load share the processors: " + e.getMessage());
            workspace.unpin();
        }
        try {
            workspace.compile("load.c");
            return true;
        } catch (IOException e) {
            Log.report("nothing measured, the load generator does not compile here: " + e.getMessage());
            return false;
        }
    }

    private static boolean hold(Options options, Workspace workspace, Scenario scenario, Case shape)
            throws InterruptedException {
        Results results;
        try (Contest contest = new Contest(options, workspace, scenario, shape)) {
            results = contest.run();
        }
        Log.report(results.report());
        return !results.isEmpty();
    }
}
