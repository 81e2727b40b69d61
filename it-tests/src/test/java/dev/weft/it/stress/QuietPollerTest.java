// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.TestScope;
import dev.weft.net.Net;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What is closed while the poller looks at it is closed at once, though nothing happens that would wake the poller: the peers
 * are sockets on platform threads, which it does not know. One in some hundred to some thousand tries meets that moment.
 */
@ExtendWith(LeakCheck.class)
class QuietPollerTest {
    private static final int TRIES = 800;

    @Test
    void portIsFreeWhenCloseIsToldThoughAClientCameInThatMoment(TestScope scope) throws Exception {
        for (int i = 0; i < TRIES; i++) {
            Server server = scope.add(Net.createServer(stream -> {})).listen(0, "127.0.0.1");
            int port = Pair.port(server);
            server.close();
            Stream early = scope.add(Net.createStream());
            early.onError(error -> {});
            early.connect(port, "127.0.0.1");
            Await.until("the end of connecting", () -> early.readyState() != ReadyState.OPENING);
            early.destroy();
            Await.value("closed", server.closed());
            try (Socket late = new Socket()) {
                assertThrows(
                        ConnectException.class,
                        () -> late.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)),
                        "try " + i);
            }
        }
    }

    @Test
    void resetIsSentAtOnceThoughDataCameInThatMoment(TestScope scope) throws Exception {
        LinkedBlockingQueue<Stream> accepted = new LinkedBlockingQueue<>();
        Server server = scope.add(Net.createServer(ServerOptions.defaults(), stream -> {
            stream.onData(bytes -> {});
            accepted.add(scope.add(stream));
        }));
        int port = Pair.port(server.listen(0, "127.0.0.1"));
        for (int i = 0; i < TRIES; i++) {
            try (Socket peer = new Socket(InetAddress.getLoopbackAddress(), port)) {
                peer.setSoTimeout((int) Await.LIMIT.toMillis());
                peer.setTcpNoDelay(true);
                Stream stream = Await.next("a connection is accepted", accepted);
                peer.getOutputStream().write(1);
                CountDownLatch running = new CountDownLatch(1);
                Future<?> reset = Await.start(() -> {
                    running.countDown();
                    stream.reset();
                    return true;
                });
                Await.latch("the other thread runs", running);
                SocketException error = assertThrows(SocketException.class, () -> talk(peer), "try " + i);
                assertTrue(error.getMessage().matches("Connection reset( by peer)?|Broken pipe"), error::getMessage);
                Object unused = Await.value("it is reset", reset);
            }
        }
    }

    private static void talk(Socket peer) throws IOException {
        peer.getOutputStream().write(2);
        peer.getOutputStream().write(3);
        int unused = peer.getInputStream().read();
    }
}
