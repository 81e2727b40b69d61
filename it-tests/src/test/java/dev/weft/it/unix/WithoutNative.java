// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.unix.PassingAddress;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Uses path sockets, in a process that may call no native code; then asks for what needs some. */
final class WithoutNative {
    private WithoutNative() {}

    /** Talks over a path. */
    public static void main(String[] arguments) throws Exception {
        Server server = Net.createServer(
                ServerOptions.defaults().socketFilePermissions(PosixFilePermissions.fromString("rw-------")),
                stream -> stream.onData(stream::write));
        server.listen(arguments[0]).bound().get(20, TimeUnit.SECONDS);
        CompletableFuture<Integer> echo = new CompletableFuture<>();
        Stream stream = Net.createConnection(arguments[0]);
        stream.onData(data -> echo.complete(data.remaining()));
        stream.write("hello");
        System.out.println("echo of " + echo.get(20, TimeUnit.SECONDS));
        stream.end();
        server.close();
        server.closed().get(20, TimeUnit.SECONDS);
        if (arguments.length > 1) {
            System.out.println(failure(denied -> denied.listenFD(3)));
            System.out.println(failure(denied -> denied.listen(PassingAddress.of(arguments[0]))));
        }
        System.exit(0);
    }

    /** What error tells; bound() may fail before that. */
    private static String failure(Consumer<Server> listen)
            throws ExecutionException, InterruptedException, TimeoutException {
        Server server = Net.createServer();
        CompletableFuture<String> error = new CompletableFuture<>();
        server.onError(e -> error.complete(e.getMessage()));
        server.onListening(() -> error.complete("no error"));
        listen.accept(server);
        return error.get(20, TimeUnit.SECONDS);
    }
}
