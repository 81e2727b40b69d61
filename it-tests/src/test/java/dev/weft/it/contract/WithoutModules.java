// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import dev.weft.net.AbstractAddress;
import dev.weft.net.Credentials;
import dev.weft.net.Encoding;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A program that has only weft-api and weft-loom: calls what belongs to other modules, and then a connection is made. */
final class WithoutModules {
    private static final String PATH = "/tmp/weft-missing.sock";

    private WithoutModules() {}

    private interface Call {
        Object run();
    }

    private static void tell(String name, Call call) {
        try {
            System.out.println(name + ": returned " + call.run());
        } catch (RuntimeException e) {
            System.out.println(name + ": " + e.getClass().getSimpleName() + ": " + e.getMessage());
        }
    }

    /** Says a line about each call. */
    public static void main(String[] arguments) throws Exception {
        Server server = Net.createServer(stream -> stream.end("tcp"));
        tell("listen(path)", () -> server.listen(PATH));
        tell("listen(path, listening)", () -> server.listen(PATH, () -> {}));
        tell("listen(unix address)", () -> server.listen(UnixDomainSocketAddress.of(PATH)));
        tell("listen(abstract address)", () -> server.listen(AbstractAddress.of("weft-missing")));
        tell("listenFD(3)", () -> server.listenFD(3));
        tell("listenFD(-1)", () -> server.listenFD(-1));
        tell("createConnection(path)", () -> Net.createConnection(PATH));
        Stream stream = Net.createStream();
        tell("connect(path)", () -> stream.connect(PATH));
        tell("readyState", stream::readyState);

        CompletableFuture<String> text = new CompletableFuture<>();
        stream.setEncoding(Encoding.UTF8);
        stream.onText(text::complete);
        server.listen(0, "127.0.0.1");
        stream.connect(((InetSocketAddress) server.bound().get(10, TimeUnit.SECONDS)).getPort());
        stream.connected().get(10, TimeUnit.SECONDS);
        tell("setSecure()", stream::setSecure);
        tell(
                "setSecure(credentials)",
                () -> stream.setSecure(Credentials.builder().build()));
        System.out.println("text: " + text.get(10, TimeUnit.SECONDS));
        System.exit(0);
    }
}
