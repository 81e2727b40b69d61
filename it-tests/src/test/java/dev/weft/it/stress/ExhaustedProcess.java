// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import dev.weft.net.Net;
import dev.weft.net.NetException;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A process with an echo server, and a client, that can be made to run out of descriptors. */
final class ExhaustedProcess {
    private static final Deque<InputStream> HOARD = new ArrayDeque<>();

    private ExhaustedProcess() {}

    public static void main(String[] args) throws IOException {
        Server server = Net.createServer(stream -> {
            stream.onData(stream::write);
            stream.onError(error -> Commands.say("stream failed: " + error));
        });
        server.onError(error -> Commands.say("server error " + code(error)));
        server.listen(0, "127.0.0.1");
        int port = Pair.port(server);
        loadClasses(port);
        // Its descriptor would be one to connect with, after all the others have been hoarded.
        Wait.until("the server's end of the first connection", () -> server.connections() == 0);
        Stream client = Net.createStream();
        client.onConnect(() -> Commands.say("client connect"));
        client.onError(error -> Commands.say("client error " + code(error)));
        client.onClose(hadError -> Commands.say("client close " + hadError));
        Commands.say("listening " + port);
        new Commands()
                .on("hoard", none -> Commands.say("hoarded " + hoard()))
                .on("free", count -> Commands.say("freed " + free(Integer.parseInt(count))))
                .on("connect", none -> client.connect(port))
                .on("end", none -> client.end())
                .on("tick", millis -> tick(Long.parseLong(millis)))
                .on("await", count -> {
                    Wait.until(count + " connections", () -> server.connections() == Integer.parseInt(count));
                    Commands.say("connections " + count);
                })
                .run();
    }

    private static String code(Throwable error) {
        return error instanceof NetException failure ? failure.code().toString() : error.toString();
    }

    /** Without descriptors none could be read from a directory any more, and that is not what is tested. */
    private static void loadClasses(int port) throws IOException {
        String paths =
                System.getProperty("java.class.path") + File.pathSeparator + System.getProperty("jdk.module.path");
        for (String path : paths.split(File.pathSeparator, -1)) {
            Path directory = Path.of(path);
            if (Files.isDirectory(directory.resolve("dev/weft/net"))) {
                try (java.util.stream.Stream<Path> files = Files.walk(directory.resolve("dev/weft/net"))) {
                    files.map(directory::relativize).forEach(ExhaustedProcess::loadClass);
                }
            }
        }
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        Stream stream = Net.createStream();
        stream.onClose(closed::complete);
        stream.onConnect(stream::end);
        stream.connect(port);
        Wait.result("the end of a first connection", closed);
    }

    private static void loadClass(Path file) {
        String name = file.toString().replace(File.separatorChar, '.');
        if (name.endsWith(".class") && !name.endsWith("package-info.class")) {
            try {
                Class<?> unused = Class.forName(name.substring(0, name.length() - ".class".length()));
            } catch (ClassNotFoundException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** Opens files until there is no descriptor left. */
    private static int hoard() {
        int opened = 0;
        try {
            for (; ; opened++) {
                HOARD.push(new FileInputStream("/dev/null"));
            }
        } catch (IOException e) {
            return opened;
        }
    }

    private static int free(int count) {
        int freed = 0;
        for (; freed < count && !HOARD.isEmpty(); freed++) {
            try {
                HOARD.pop().close();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
        return freed;
    }

    /** Tells after a while. */
    private static void tick(long millis) {
        CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS).execute(() -> Commands.say("tick"));
    }
}
