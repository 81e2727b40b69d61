// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What the runs share: the child processes, and a temporary directory with the programs that are not Java. */
final class Workspace implements AutoCloseable {
    private static final Duration COMPILE_LIMIT = Duration.ofSeconds(60);
    private static final String INCLUDE = "#include \""; // and not <
    private static final String LINK = "// link: ";

    private final Path directory;
    private final String compiler;
    private final Children children = new Children();
    private Pinning pinning;
    private boolean identified;

    private Workspace(Path directory, Pinning pinning, String compiler) {
        this.directory = directory;
        this.pinning = pinning;
        this.compiler = compiler;
    }

    /** Opens one that also closes itself when the JVM is told to end, so Ctrl-C leaves nothing behind. */
    static Workspace open(Pinning pinning, String compiler) throws IOException {
        Workspace workspace = new Workspace(Files.createTempDirectory("weft-bench"), pinning, compiler);
        Runtime.getRuntime().addShutdownHook(new Thread(workspace::close, "clean up"));
        return workspace;
    }

    Children children() {
        return children;
    }

    Pinning pinning() {
        return pinning;
    }

    /** From now on nothing is pinned. */
    void unpin() {
        pinning = Pinning.FREE;
    }

    /** A resource of this package as a file. */
    Path resource(String name) throws IOException {
        Path file = directory.resolve(name);
        if (Files.exists(file)) return file;
        try (InputStream in = Workspace.class.getResourceAsStream(name)) {
            if (in == null) throw new FileNotFoundException("no resource " + name);
            Files.copy(in, file);
        }
        return file;
    }

    /** A resource of this package that is a C program, compiled with those that it includes. */
    Path compile(String name) throws IOException, InterruptedException {
        Path program = directory.resolve(name.substring(0, name.lastIndexOf('.')));
        if (Files.exists(program)) return program;
        List<String> command = new ArrayList<>(List.of(compiler, "-O2", "-o", program.toString()));
        List<String> libraries = new ArrayList<>();
        command.add(source(name, libraries).toString());
        command.addAll(libraries); // behind what needs them
        children.output(command, COMPILE_LIMIT);
        return program;
    }

    /** A C file and what it includes of this package. Adds the libraries that any of them names: "// link: ...". */
    private Path source(String name, List<String> libraries) throws IOException {
        Path file = resource(name);
        for (String line : Files.readAllLines(file)) {
            if (line.startsWith(LINK))
                libraries.addAll(List.of(line.substring(LINK.length()).split(" ", -1)));
            if (!line.startsWith(INCLUDE)) continue;
            source(line.substring(INCLUDE.length(), line.length() - 1), libraries);
        }
        return file;
    }

    /** Where the key and the certificate of the servers are, as {@link SelfSigned} leaves them. */
    Path identity() throws IOException, InterruptedException {
        if (!identified) SelfSigned.make(directory, children);
        identified = true;
        return directory;
    }

    @Override
    public void close() {
        children.close();
        File[] files = directory.toFile().listFiles();
        if (files == null) return; // closed before
        for (File file : files) file.delete();
        directory.toFile().delete();
    }
}
