// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One case of one scenario: all servers run, and the load goes to each in turn, round after round. So what disturbs the
 * machine for a while disturbs all of them.
 */
final class Contest implements AutoCloseable {
    private static final Duration UNCOUNTED = Duration.ofMillis(100); // the measured part of a warming round

    private final Options options;
    private final Workspace workspace;
    private final Scenario scenario;
    private final Case shape;
    private final Results results;
    private final boolean fresh;
    private final Map<Entrant, RunningServer> servers = new HashMap<>();
    private final List<RunningServer> backends = new ArrayList<>(); // one or none

    Contest(Options options, Workspace workspace, Scenario scenario, Case shape) {
        this.options = options;
        this.workspace = workspace;
        this.scenario = scenario;
        this.shape = shape;
        results = new Results(scenario, shape);
        fresh = options.fresh() || scenario.fresh();
    }

    Results run() throws InterruptedException {
        try {
            if (!scenario.backend().isEmpty()) backends.add(startBackend());
        } catch (IOException e) {
            results.note("nothing measured, no backend: " + e.getMessage());
            return results;
        }
        List<Entrant> field = options.entrants();
        if (!fresh) field = round("warming", field, new Phases(options.firstWarmUp(), UNCOUNTED), false);
        Duration warmUp = fresh ? options.firstWarmUp() : options.warmUp();
        for (int i = 1; i <= options.rounds(); i++) {
            String name = "round " + i + "/" + options.rounds();
            field = round(name, field, new Phases(warmUp, options.measured()), true);
        }
        return results;
    }

    /** Lets each run once. Returns those that did. */
    private List<Entrant> round(String name, List<Entrant> field, Phases phases, boolean counted)
            throws InterruptedException {
        List<Entrant> remaining = new ArrayList<>();
        for (Entrant entrant : field) {
            try {
                Measurement measurement = measure(entrant, phases, counted ? options.tries() : 1);
                if (counted) results.add(entrant, measurement);
                Log.progress(name + ", " + entrant.name() + ": " + results.describe(measurement));
                remaining.add(entrant);
            } catch (IOException e) {
                results.exclude(entrant, String.valueOf(e.getMessage()));
                Log.progress(name + ", " + entrant.name() + " is out: " + e.getMessage());
                stop(entrant);
            }
            if (fresh) stop(entrant);
        }
        return remaining;
    }

    /** One run, and as many more as may be and need be until one is not disturbed. The last one counts. */
    private Measurement measure(Entrant entrant, Phases phases, int tries) throws IOException, InterruptedException {
        RunningServer server = servers.get(entrant);
        if (server == null) {
            server = start(entrant);
            servers.put(entrant, server);
        }
        Measurement measurement = scenario.measure(workspace, server, shape, phases);
        for (int i = 1; i < tries && scenario.disturbed(measurement); i++) {
            measurement = scenario.measure(workspace, server, shape, phases);
        }
        return measurement;
    }

    private RunningServer start(Entrant entrant) throws IOException, InterruptedException {
        RunningServer backend = backends.isEmpty() ? null : backends.getFirst();
        List<String> command = new ArrayList<>(entrant.launch().command(workspace));
        command.addAll(arguments(scenario.name(), backend == null ? 0 : backend.port()));
        if (scenario.secure()) command.add(workspace.identity().toString());
        return RunningServer.start(
                workspace.children(),
                workspace.pinning().server(command),
                entrant.jvm(),
                backend == null ? 0 : backend.pid());
    }

    private RunningServer startBackend() throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of(workspace.compile("server.c").toString()));
        command.addAll(arguments(scenario.backend(), 0));
        return RunningServer.start(workspace.children(), workspace.pinning().load(command), false, 0);
    }

    /** What the server programs read: behaviour, size of a message, event loop threads, port of the backend. */
    private List<String> arguments(String behaviour, int backendPort) {
        int threads = workspace.pinning().serverThreads();
        return List.of(behaviour, String.valueOf(shape.size()), String.valueOf(threads), String.valueOf(backendPort));
    }

    private void stop(Entrant entrant) {
        RunningServer server = servers.remove(entrant);
        if (server == null) return;
        server.close();
        server.remarks().forEach(remark -> results.note(entrant.name() + " said: " + remark));
    }

    @Override
    public void close() {
        for (Entrant entrant : List.copyOf(servers.keySet())) stop(entrant);
        for (RunningServer backend : backends) {
            backend.close();
            backend.remarks().forEach(remark -> results.note("the backend said: " + remark));
        }
    }
}
