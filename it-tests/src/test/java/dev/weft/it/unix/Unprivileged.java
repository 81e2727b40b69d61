// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Listens on one path, connects to another and listens on a third, without the permission to, and says what the errors say. */
final class Unprivileged {
    private Unprivileged() {}

    /** Tries. */
    public static void main(String[] arguments) throws Exception {
        listen(arguments[0]);
        Stream stream = Net.createStream();
        stream.onError(error -> System.out.println(error.getMessage()));
        stream.connect(arguments[1]);
        stream.closed().get(20, TimeUnit.SECONDS);
        listen(arguments[2]);
        System.exit(0);
    }

    private static void listen(String path) throws ExecutionException, InterruptedException, TimeoutException {
        Server server = Net.createServer();
        CompletableFuture<String> error = new CompletableFuture<>();
        server.onError(e -> error.complete(e.getMessage()));
        server.onListening(() -> error.complete("no error"));
        server.listen(path);
        System.out.println(error.get(20, TimeUnit.SECONDS)); // bound() may fail before error is told
    }
}
