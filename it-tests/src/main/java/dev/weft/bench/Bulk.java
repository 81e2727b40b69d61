// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.util.List;

/** As many bytes as the server takes, or gives, or both. */
final class Bulk extends Driven {
    private static final int CHUNK = 64 * 1024;
    private static final double GIB = 1L << 30;
    private static final double MIB = 1L << 20;

    private final String name;
    private final String title;
    private final String mode; // of the load
    private final String backend;
    private final boolean secure;

    private Bulk(String name, String title, String mode, String backend, boolean secure) {
        this.name = name;
        this.title = title;
        this.mode = mode;
        this.backend = backend;
        this.secure = secure;
    }

    static Bulk upload() {
        return new Bulk("upload", "the server reads and drops", "upload", "", false);
    }

    static Bulk download() {
        return new Bulk("download", "the server writes chunks as long as they are taken", "download", "", false);
    }

    static Bulk duplex() {
        return new Bulk("duplex", "the server does both at once; GiB of both ways together", "duplex", "", false);
    }

    static Bulk proxy() {
        return new Bulk("proxy", "the server passes all on to another one that drops it", "upload", "sink", false);
    }

    static Bulk tlsUpload() {
        return new Bulk("tlsupload", "the server reads and drops, over TLS 1.3", "upload", "", true);
    }

    static Bulk tlsDownload() {
        return new Bulk(
                "tlsdownload",
                "the server writes chunks as long as they are taken, over TLS 1.3",
                "download",
                "",
                true);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String title() {
        return title;
    }

    @Override
    public String backend() {
        return backend;
    }

    @Override
    public boolean secure() {
        return secure;
    }

    @Override
    public List<Case> cases(Options options) {
        return options.connectionsOr(1, 16).stream()
                .map(connections -> new Case(connections, CHUNK, 0))
                .toList();
    }

    @Override
    public Measurement measure(Workspace workspace, RunningServer server, Case shape, Phases phases)
            throws IOException, InterruptedException {
        double before = server.ask("allocatedBytes");
        Measurement measurement = LoadGenerator.run(
                workspace, secure ? "tlsbulk.c" : "bulk.c", server, List.of(mode, shape.connections()), phases);
        return measurement.with("allocatedBytes", server.ask("allocatedBytes") - before);
    }

    @Override
    List<Column> subject() {
        return List.of(
                Column.compared("GiB/s", 2, m -> m.get("bytes") / GIB * 1e9 / m.get("elapsedNanos")),
                Column.compared("CPU ms/GiB", 0, m -> m.get("serverCpuNanos") / 1e6 / (m.get("bytes") / GIB))
                        .withSpread(),
                Column.plain("garbage MiB/GiB", 1, m -> m.get("allocatedBytes") / MIB / (m.get("totalBytes") / GIB)));
    }
}
