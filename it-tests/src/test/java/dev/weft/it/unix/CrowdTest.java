// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.TestScope;
import dev.weft.net.Net;
import dev.weft.net.Registration;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import dev.weft.net.unix.PassingAddress;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Connections that wait cost memory, and neither threads nor processor time. */
@ExtendWith(LeakCheck.class)
class CrowdTest {
    private static final int IDLE = 4_999;
    private static final int ROUND_TRIPS = 500;
    private static final int WINDOWS = 10;

    /** Carriers, of which there may be some more for a while, and the timer. */
    private static final int THREADS = 2 * Runtime.getRuntime().availableProcessors() + 4;

    private TestScope scope;
    private Path file;

    @BeforeEach
    void chooseFile(TestScope scope) {
        this.scope = scope;
        file = scope.directory().resolve("x.sock");
    }

    private static int platformThreads() {
        return Thread.getAllStackTraces().size();
    }

    private Server echo(SocketAddress address) {
        Server server = scope.add(Net.createServer(stream -> stream.onData(stream::write)))
                .listen(address);
        Object unused = Await.value("bound", server.bound());
        return server;
    }

    /** Sends a number, waits for it, sends the next. */
    private void assertTalks(SocketAddress address) {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        AtomicInteger round = new AtomicInteger();
        Stream stream = scope.add(Net.createStream());
        stream.onConnect(() -> stream.write(new byte[] {0}));
        stream.onData(data -> {
            assertEquals((byte) round.get(), data.get());
            if (round.incrementAndGet() == ROUND_TRIPS) {
                done.complete(ROUND_TRIPS);
            } else {
                stream.write(new byte[] {(byte) round.get()});
            }
        });
        stream.onError(done::completeExceptionally);
        stream.connect(address);
        assertEquals(ROUND_TRIPS, Await.value("round trips", done));
        stream.end();
        Object unused = Await.value("closed", stream.closed());
    }

    @Test
    void fiveThousandWaitAndTheLastOneTalks() throws IOException {
        SocketAddress address = UnixDomainSocketAddress.of(file);
        Server server = echo(address);
        assertTalks(address); // so that the threads that stay are there
        int before = platformThreads();
        List<SocketChannel> idle = new ArrayList<>();
        try {
            for (int i = 0; i < IDLE; i++) {
                idle.add(SocketChannel.open(address));
            }
            Await.until(() -> "all are accepted, but " + server.connections(), () -> server.connections() == IDLE);
            assertTalks(address);
            int more = platformThreads() - before;
            assertTrue(more <= THREADS, () -> more + " platform threads more for " + IDLE + " connections");
        } finally {
            for (SocketChannel channel : idle) {
                channel.close();
            }
        }
        Await.until(() -> "all have gone, but " + server.connections(), () -> server.connections() == 0);
    }

    /**
     * junixsocket's own blocking calls would spin here, and with more readers than processors keep the others from running; see
     * {@link PassingAddress}.
     */
    @Test
    void streamsThatPassDescriptorsWaitWithoutProcessorTime() {
        SocketAddress address = PassingAddress.of(file);
        Server server = echo(address);
        assertTalks(address);
        int before = platformThreads();
        List<Stream> idle = new ArrayList<>();
        for (int i = 0; i < 20 * Runtime.getRuntime().availableProcessors(); i++) {
            idle.add(scope.add(Net.createConnection(address)));
        }
        for (Stream stream : idle) {
            Object unused = Await.value("connected", stream.connected());
        }
        Await.until("all are accepted", () -> server.connections() == idle.size());
        assertTalks(address);
        int more = platformThreads() - before;
        assertTrue(more <= THREADS, () -> more + " platform threads more");

        assertTrue(
                IntStream.range(0, WINDOWS).anyMatch(i -> isQuiet(idle.getFirst())),
                "more than half of the time a processor was busy, each time");
    }

    /** If the streams took processor time, they did it each time; the JVM's own threads, which compile, are done some day. */
    private static boolean isQuiet(Stream clock) {
        CompletableFuture<Boolean> over = new CompletableFuture<>();
        Registration listener = clock.onTimeout(() -> over.complete(true));
        Duration window = Duration.ofMillis(300);
        Duration before = processorTime();
        clock.setTimeout(window);
        // In this time nothing happens but the end of it.
        Object unused = Await.value("the end of the window", over);
        Duration used = processorTime().minus(before);
        clock.setTimeout(0);
        listener.remove();
        return used.compareTo(window.dividedBy(2)) < 0;
    }

    private static Duration processorTime() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow();
    }
}
