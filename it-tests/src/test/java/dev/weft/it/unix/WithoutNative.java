// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.unix.PassingAddress;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

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
            server.onError(error -> System.out.println(error.getMessage()));
            server.listenFD(3);
            server.bound().handle((address, e) -> e).get(20, TimeUnit.SECONDS);
            server.listen(PassingAddress.of(arguments[0]));
            server.bound().handle((address, e) -> e).get(20, TimeUnit.SECONDS);
        }
        System.exit(0);
    }
}
