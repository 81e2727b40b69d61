// SPDX-License-Identifier: Apache-2.0
package dev.weft.it;

import dev.weft.net.Encoding;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.net.InetSocketAddress;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CountDownLatch;

/**
 * The echo server of {@code net-api.txt}: greets, echoes text, says goodbye when the client ends. Try it with
 * {@code nc localhost 8124}, or {@code nc -N} if yours does not end when its input does. The port may be given as the
 * argument.
 */
public final class EchoServer {
    private static final int PORT = 8124;

    private EchoServer() {}

    /**
     * Runs until it is interrupted.
     *
     * @param args the port, or nothing
     */
    public static void main(String[] args) throws Exception {
        int port = args.length == 0 ? PORT : Integer.parseInt(args[0]);
        Server server = Net.createServer(stream -> {
            log(stream, "connected");
            stream.onClose(hadError -> log(stream, hadError ? "lost" : "closed"));
            stream.setEncoding(Encoding.UTF8);
            stream.onConnect(() -> stream.write("hello\r\n"));
            stream.onText(text -> stream.write(text));
            stream.onEnd(() -> {
                stream.write("goodbye\r\n");
                stream.end();
            });
        });
        CountDownLatch over = new CountDownLatch(1);
        server.onError(error -> {
            System.err.println(error.getMessage());
            over.countDown();
        });
        server.listen(port, "localhost", () -> {
            InetSocketAddress at = (InetSocketAddress) server.address();
            System.out.printf("listening on %s:%d%n", at.getAddress().getHostAddress(), at.getPort());
        });
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(server::close));
        over.await();
        System.exit(1);
    }

    private static void log(Stream stream, String what) {
        System.out.printf(
                "%s %s:%d %s, %d bytes in, %d out%n",
                LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.MILLIS),
                stream.remoteAddress(),
                stream.remotePort(),
                what,
                stream.bytesRead(),
                stream.bytesWritten());
    }
}
