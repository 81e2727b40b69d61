// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.LeakCheck;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Many connections that come and go in every way there is: nothing of them stays, which {@link LeakCheck} sees. */
@ExtendWith(LeakCheck.class)
class ChurnTest {
    private static final int CONNECTIONS = 1000;

    /** How many of them there are at once. */
    private static final int LANES = 40;

    /** How a connection ends. The first byte that the client sends tells the server, whose part it is first. */
    enum Ending {
        CLIENT_ENDS,
        CLIENT_CLOSES,
        CLIENT_DESTROYS,
        CLIENT_RESETS,
        SERVER_ENDS,
        SERVER_CLOSES,
        SERVER_DESTROYS,
        SERVER_RESETS,
        SERVER_FAILS,
        SERVER_LISTENER_THROWS,
        CLIENT_LISTENER_THROWS,
        PEER_FIN,
        PEER_RST,
        PEER_FIN_AT_ONCE,
        PEER_RST_AT_ONCE;

        static final List<Ending> ALL = List.of(values());

        int code() {
            return ALL.indexOf(this);
        }
    }

    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger closed = new AtomicInteger();
    private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();

    private Server server() {
        return Net.createServer(stream -> {
                    accepted.incrementAndGet();
                    AtomicInteger closes = new AtomicInteger();
                    stream.onData(data -> answer(stream, data));
                    // most endings are a failure to one side
                    stream.onError(failure -> {});
                    stream.onClose(hadError -> {
                        closed.incrementAndGet();
                        if (closes.incrementAndGet() > 1) {
                            wrong.add("close told twice by " + stream);
                        }
                    });
                })
                .listen(0, "127.0.0.1");
    }

    private static void answer(Stream stream, ByteBuffer data) {
        int code = data.get(data.position());
        switch (Ending.ALL.get(code)) {
            case SERVER_ENDS -> stream.end("bye");
            case SERVER_CLOSES -> {
                stream.write("bye");
                stream.close();
            }
            case SERVER_DESTROYS -> stream.destroy();
            case SERVER_RESETS -> stream.reset();
            case SERVER_FAILS -> stream.destroy(new IOException("on purpose"));
            case SERVER_LISTENER_THROWS -> throw new IllegalStateException("on purpose");
            default -> stream.write(data);
        }
    }

    @RepeatedTest(3)
    void nothingStaysOfConnectionsThatComeAndGo(RepetitionInfo repetition) {
        long seed = repetition.getCurrentRepetition();
        Server server = server();
        int port = Pair.port(server);
        CountDownLatch done = new CountDownLatch(LANES);
        for (int lane = 0; lane < LANES; lane++) {
            Random random = new Random(seed * LANES + lane);
            Thread.startVirtualThread(() -> {
                for (int i = 0; i < CONNECTIONS / LANES; i++) {
                    Ending ending = Ending.ALL.get(random.nextInt(Ending.ALL.size()));
                    try {
                        comeAndGo(port, ending);
                    } catch (Throwable e) {
                        wrong.add(ending + ": " + e);
                    }
                }
                done.countDown();
            });
        }
        Wait.latch("all connections have ended, seed " + seed + ", so far wrong: " + wrong, done);
        assertEquals(List.of(), List.copyOf(wrong), () -> "seed " + seed);
        Wait.until(
                () -> "no connection is left, " + server.connections() + " are, seed " + seed,
                () -> server.connections() == 0);
        server.close();
        Wait.result("close of the server, seed " + seed, server.closed());
        // of those that the peer resets at once the kernel may tell nobody
        assertTrue(accepted.get() <= CONNECTIONS, () -> accepted + " accepted");
        assertEquals(accepted.get(), closed.get(), () -> "streams that told close, seed " + seed);
    }

    private static void comeAndGo(int port, Ending ending) throws IOException {
        if (ending.compareTo(Ending.PEER_FIN) >= 0) {
            peerComesAndGoes(port, ending);
            return;
        }
        CompletableFuture<Boolean> close = new CompletableFuture<>();
        Stream stream = Net.createStream();
        stream.onError(failure -> {});
        stream.onClose(close::complete);
        stream.onData(data -> {
            switch (ending) {
                case CLIENT_ENDS -> stream.end();
                case CLIENT_CLOSES -> stream.close();
                case CLIENT_DESTROYS -> stream.destroy();
                case CLIENT_RESETS -> stream.reset();
                case CLIENT_LISTENER_THROWS -> throw new IllegalStateException("on purpose");
                default -> {
                    // the server does
                }
            }
        });
        stream.connect(port);
        stream.write(new byte[] {(byte) ending.code()});
        boolean hadError = Wait.result(() -> "close after " + ending + " of " + stream, close);
        boolean expected = ending == Ending.CLIENT_LISTENER_THROWS || ending == Ending.SERVER_RESETS;
        assertEquals(expected, hadError, () -> "had an error");
    }

    private static void peerComesAndGoes(int port, Ending ending) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout((int) Wait.LIMIT.toMillis());
            if (ending == Ending.PEER_FIN || ending == Ending.PEER_RST) {
                socket.getOutputStream().write(ending.code());
                assertEquals(ending.code(), socket.getInputStream().read(), "echo");
            }
            if (ending == Ending.PEER_RST || ending == Ending.PEER_RST_AT_ONCE) {
                socket.setSoLinger(true, 0);
            } else {
                socket.shutdownOutput();
                assertEquals(-1, socket.getInputStream().read(), "the server's end");
            }
        }
    }

    @Test
    void aThousandConnectionsAreOpenAtOnce() {
        Server server = Net.createServer((Stream stream) -> stream.onData(stream::write))
                .listen(0, "127.0.0.1");
        int port = Pair.port(server);
        List<Recorder> clients = new ArrayList<>();
        try {
            for (int i = 0; i < CONNECTIONS; i++) {
                Stream stream = Net.createStream();
                clients.add(Recorder.of(stream));
                stream.connect(port);
                stream.write("I am " + i);
            }
            Wait.until(
                    "each hears its echo",
                    () -> IntStream.range(0, CONNECTIONS)
                            .allMatch(i -> clients.get(i).text().equals("I am " + i)));
            assertEquals(CONNECTIONS, server.connections());
            clients.forEach(client -> client.stream().end());
            Wait.until(
                    "each has closed",
                    () -> clients.stream().allMatch(client -> client.events().contains("close false")));
            for (Recorder client : clients) {
                assertEquals(List.of("connect", "data", "end", "close false"), client.events());
            }
            Wait.until(() -> server.connections() + " connections are left", () -> server.connections() == 0);
        } finally {
            clients.forEach(client -> client.stream().destroy());
            server.close();
        }
        Wait.result("close of the server", server.closed());
    }
}
