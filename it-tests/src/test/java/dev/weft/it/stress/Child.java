// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Another process that talks in lines: what it is to do on its standard input, what happened on its standard output.
 * {@link #close()} kills it.
 */
public final class Child implements AutoCloseable {
    /** What {@link #nextLine} gives after the last line. */
    private static final String OVER = "<end of output>";

    private final String name;
    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final List<String> transcript = new ArrayList<>();
    private final List<String> errors = new ArrayList<>();
    private final Thread errorReader;

    private Child(String name, Process process) {
        this.name = name;
        this.process = process;
        daemon(() -> readLines(process.getInputStream()));
        errorReader = daemon(() -> readErrors(process.getErrorStream()));
    }

    private static Thread daemon(Runnable task) {
        return Thread.ofPlatform().daemon().name("child-output").start(task);
    }

    /**
     * Starts a program.
     *
     * @param command and its arguments
     * @return the process
     */
    public static Child start(List<String> command) {
        try {
            return new Child(Path.of(command.getFirst()).getFileName().toString(), new ProcessBuilder(command).start());
        } catch (IOException e) {
            throw new AssertionError("cannot start " + command, e);
        }
    }

    /**
     * {@link #java} without the option that permits native calls.
     *
     * @param main its class
     * @param options of its JVM
     * @param arguments of its main method
     * @return the process
     */
    public static Child javaAsIs(Class<?> main, List<String> options, String... arguments) {
        List<String> command = javaCommand(main, options, arguments);
        command.removeIf(option -> option.startsWith("--enable-native-access"));
        return start(command);
    }

    /**
     * Starts a class of the tests on the JDK, and with the weft, that this test runs on.
     *
     * @param main its class
     * @param options of its JVM
     * @param arguments of its main method
     * @return the process
     */
    public static Child java(Class<?> main, List<String> options, String... arguments) {
        return start(javaCommand(main, options, arguments));
    }

    /**
     * Starts a class of the tests with weft's api and engine, and none of its other modules.
     *
     * @param main its class
     * @return the process
     */
    public static Child javaWithoutModules(Class<?> main) {
        String path =
                System.getProperty("jdk.module.path", "") + File.pathSeparator + System.getProperty("java.class.path");
        String bare = Pattern.compile(File.pathSeparator, Pattern.LITERAL)
                .splitAsStream(path)
                .filter(entry -> !entry.isEmpty() && !isOtherModule(Path.of(entry)))
                .collect(Collectors.joining(File.pathSeparator));
        return start(List.of(javaProgram(), "-cp", testClasses(main) + File.pathSeparator + bare, main.getName()));
    }

    /** What a {@link java.util.ServiceLoader} would find there. */
    private static boolean isOtherModule(Path entry) {
        List<String> services = List.of(
                "META-INF/services/dev.weft.net.spi.TransportProvider",
                "META-INF/services/dev.weft.net.spi.SecurityProvider");
        if (Files.isDirectory(entry)) {
            return services.stream().anyMatch(service -> Files.exists(entry.resolve(service)));
        }
        try (JarFile jar = new JarFile(entry.toFile())) {
            return services.stream().anyMatch(service -> jar.getEntry(service) != null);
        } catch (IOException e) {
            throw new AssertionError("cannot look into " + entry, e);
        }
    }

    /**
     * {@link #java} with a bound on its descriptors.
     *
     * @param descriptors how many it may have open, those of the JVM included
     * @param main its class
     * @return the process
     */
    static Child javaWithDescriptors(int descriptors, Class<?> main) {
        List<String> command =
                new ArrayList<>(List.of("sh", "-c", "ulimit -n " + descriptors + " && exec \"$@\"", "sh"));
        command.addAll(javaCommand(main, List.of("-XX:-MaxFDLimit")));
        return start(command);
    }

    /**
     * The command that {@link #java} starts, for a program that starts it itself.
     *
     * @param main its class
     * @param arguments of its main method
     * @return program and arguments
     */
    public static List<String> javaCommand(Class<?> main, String... arguments) {
        return javaCommand(main, List.of(), arguments);
    }

    private static List<String> javaCommand(Class<?> main, List<String> options, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(javaProgram());
        command.addAll(options);
        String modules = System.getProperty("jdk.module.path");
        boolean named = modules != null;
        command.add("--enable-native-access=" + (named ? "dev.weft.net.unix,org.newsclub.net.unix" : "ALL-UNNAMED"));
        if (named) {
            command.addAll(List.of("--module-path", modules, "--add-modules", "dev.weft.net.loom,dev.weft.net.unix"));
        }
        command.addAll(List.of("-cp", testClasses(main) + File.pathSeparator + System.getProperty("java.class.path")));
        command.add(main.getName());
        command.addAll(List.of(arguments));
        return command;
    }

    private static String javaProgram() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** On the module path the tests are patched into a module, and no property names their directory. */
    private static String testClasses(Class<?> type) {
        String file = type.getName().replace('.', '/') + ".class";
        String location = type.getResource("/" + file).toString();
        return Path.of(URI.create(location.substring(0, location.length() - file.length())))
                .toString();
    }

    private void readLines(InputStream output) {
        read(output, line -> {
            add(transcript, line);
            lines.add(line);
        });
        lines.add(OVER);
    }

    private void readErrors(InputStream output) {
        read(output, line -> add(errors, line));
    }

    private void read(InputStream output, Consumer<String> target) {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(output, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                target.accept(line);
            }
        } catch (IOException e) {
            add(errors, "cannot read what it says: " + e);
        }
    }

    private static void add(List<String> list, String line) {
        synchronized (list) {
            list.add(line);
        }
    }

    /**
     * Tells it to do something.
     *
     * @param line without the line feed
     */
    public void tell(String line) {
        input(line + "\n");
    }

    /**
     * Gives it input as it is.
     *
     * @param text all of it
     */
    public void input(String text) {
        try {
            OutputStream input = process.getOutputStream();
            input.write(text.getBytes(StandardCharsets.UTF_8));
            input.flush();
        } catch (IOException e) {
            throw new AssertionError("cannot tell it \"" + text + "\": " + this, e);
        }
    }

    /** Ends its input. */
    public void endInput() {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            throw new AssertionError("cannot end the input of " + this, e);
        }
    }

    /**
     * Waits for the next line, which must be of one kind.
     *
     * @param prefix how it must begin
     * @return the rest of it, without the blanks around it
     */
    public String expect(String prefix) {
        String line = nextLine(prefix);
        if (!line.startsWith(prefix)) {
            throw new AssertionError("said \"" + line + "\" instead of \"" + prefix + "\": " + this);
        }
        return line.substring(prefix.length()).strip();
    }

    /**
     * Waits for a line, and passes over others.
     *
     * @param prefix how it must begin
     * @return the rest of it, without the blanks around it
     */
    public String await(String prefix) {
        for (String line = nextLine(prefix); ; line = nextLine(prefix)) {
            if (line.startsWith(prefix)) {
                return line.substring(prefix.length()).strip();
            }
            if (line.equals(OVER)) {
                throw new AssertionError("ended without saying \"" + prefix + "\": " + this);
            }
        }
    }

    /**
     * Looks for a line that it has said already.
     *
     * @param prefix how it begins
     * @return the rest of it, without the blanks around it
     */
    public String said(String prefix) {
        synchronized (transcript) {
            for (String line : transcript) {
                if (line.startsWith(prefix)) {
                    return line.substring(prefix.length()).strip();
                }
            }
        }
        throw new AssertionError("has not said \"" + prefix + "\": " + this);
    }

    /** How many lines of a kind it has said so far. */
    long count(String prefix) {
        synchronized (transcript) {
            return transcript.stream().filter(line -> line.startsWith(prefix)).count();
        }
    }

    private String nextLine(String awaited) {
        String line;
        try {
            line = lines.poll(Wait.LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for \"" + awaited + "\" of " + this, e);
        }
        if (line == null) {
            throw new AssertionError(
                    "did not say \"" + awaited + "\" within " + Wait.LIMIT.toSeconds() + " s: " + this);
        }
        return line;
    }

    /**
     * Waits for its end.
     *
     * @return everything that it has written to its standard output
     */
    public String outputAtEnd() {
        try {
            if (!process.waitFor(Wait.LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("did not end within " + Wait.LIMIT.toSeconds() + " s: " + this);
            }
            errorReader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for the end of " + this, e);
        }
        StringBuilder output = new StringBuilder();
        for (String line = nextLine(OVER); !line.equals(OVER); line = nextLine(OVER)) {
            output.append(line).append('\n');
        }
        return output.toString();
    }

    /** What it has written to its standard error so far. */
    public String errors() {
        synchronized (errors) {
            return String.join("\n", errors);
        }
    }

    /** Its number. */
    public String pid() {
        return Long.toString(process.pid());
    }

    /** How much processor time it has used so far. */
    Duration cpuTime() {
        return process.info().totalCpuDuration().orElseThrow(() -> new AssertionError("no processor time of " + this));
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    @Override
    public String toString() {
        String said;
        synchronized (transcript) {
            int size = transcript.size();
            said = String.join("\n  ", transcript.subList(Math.max(0, size - 50), size));
        }
        return String.format(
                Locale.ROOT,
                "%s (%s)%noutput:%n  %s%nerrors:%n%s",
                name,
                process.isAlive() ? "running" : "ended with " + process.exitValue(),
                said,
                errors());
    }
}
