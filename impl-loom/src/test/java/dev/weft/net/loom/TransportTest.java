// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.weft.net.ReadyState;
import dev.weft.net.StreamOptions;
import dev.weft.net.spi.Transport;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Two engines, one at each end of a link that is not as friendly as a socket on loopback: reads and writes come short, and
 * some find nothing where there is something. Repeat a failure with {@code -Dweft.fuzz.seed=}.
 */
@ExtendWith(LeakCheck.class)
class TransportTest {
    static Stream<Arguments> links() {
        Long one = Long.getLong("weft.fuzz.seed");
        List<Arguments> links = new ArrayList<>();
        SplittableRandom seeds = new SplittableRandom();
        for (Link link : Link.values()) {
            for (int i = 0; i < (one == null ? 4 : 1); i++) {
                links.add(arguments(link, one == null ? seeds.nextLong() : one));
            }
        }
        return links.stream();
    }

    private LoomStream client;
    private LoomStream server;
    private Journal atClient;
    private Journal atServer;

    private void create(StreamOptions clientOptions, StreamOptions serverOptions) {
        client = new LoomStream(clientOptions);
        server = new LoomStream(serverOptions);
        atClient = Journal.of(client);
        atServer = Journal.of(server);
    }

    private void create() {
        create(StreamOptions.defaults(), StreamOptions.defaults());
    }

    private void open(Link link, SplittableRandom random) throws Exception {
        Transport[] ends = link.open(random);
        server.accepted(ends[1]);
        client.accepted(ends[0]);
    }

    @AfterEach
    void destroy() {
        client.destroy();
        server.destroy();
    }

    private static byte[] random(SplittableRandom random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @MethodSource("links")
    void echoGivesBackWhatItGot(Link link, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        create();
        server.onData(server::write);
        open(link, random);
        int total = 0;
        List<byte[]> sent = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            byte[] message = random(random, 1 + random.nextInt(random.nextInt(5) == 0 ? 20_000 : 200));
            sent.add(message);
            client.write(message);
            total += message.length;
            int expected = total;
            if (random.nextBoolean()) {
                Await.until("the echo of " + expected + " bytes is there", () -> atClient.size() >= expected);
            }
        }
        int expected = total;
        Await.until("the echo of " + expected + " bytes is there", () -> atClient.size() >= expected);
        ByteBuffer all = ByteBuffer.allocate(total);
        sent.forEach(all::put);
        assertArrayEquals(all.array(), atClient.bytes());
        assertEquals(total, client.bytesRead());
        assertEquals(total, client.bytesWritten());
        client.end();
        atClient.awaitClosedBy("end", "close(false)");
        atServer.awaitClosedBy("end", "close(false)");
    }

    /** As fast as drain allows, both ways at once, without the one waiting for the other. */
    @ParameterizedTest
    @MethodSource("links")
    void bulkGoesBothWaysAtOnce(Link link, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        // Otherwise whoever is done first would end the other too.
        StreamOptions halfOpen = StreamOptions.defaults().allowHalfOpen(true);
        create(halfOpen, halfOpen);
        boolean inPieces = link == Link.TCP_IN_PIECES || link == Link.PIPE_IN_PIECES;
        int total = inPieces ? 100_000 : 2_000_000;
        Pump up = new Pump(client, random.split(), total);
        Pump down = new Pump(server, random.split(), total);
        CRC32 gotUp = new CRC32();
        CRC32 gotDown = new CRC32();
        server.onData(gotUp::update);
        client.onData(gotDown::update);
        client.onDrain(up::run);
        server.onDrain(down::run);
        client.onConnect(up::run);
        server.onConnect(down::run);
        open(link, random);
        Await.until(
                "both are closed",
                () -> client.closed().isDone() && server.closed().isDone());
        assertEquals(List.of("close(false)"), List.of(atClient.events().getLast()));
        assertEquals(total, server.bytesRead());
        assertEquals(total, client.bytesRead());
        assertEquals(up.sent.getValue(), gotUp.getValue());
        assertEquals(down.sent.getValue(), gotDown.getValue());
    }

    /** Writes until it is told to wait, and goes on at drain; ends its side after the last byte. */
    private static final class Pump {
        private final LoomStream stream;
        private final SplittableRandom random;
        private final CRC32 sent = new CRC32();
        private int left;
        private boolean ended;

        Pump(LoomStream stream, SplittableRandom random, int total) {
            this.stream = stream;
            this.random = random;
            this.left = total;
        }

        void run() {
            while (left > 0) {
                byte[] bytes = random(random, Math.min(left, 1 + random.nextInt(30_000)));
                sent.update(bytes);
                left -= bytes.length;
                if (!stream.write(bytes)) {
                    return;
                }
            }
            if (!ended) {
                ended = true;
                stream.end();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("links")
    void clientEndsFirst(Link link, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        create();
        server.onEnd(() -> server.write("goodbye"));
        open(link, random);
        byte[] request = random(random, 10_000);
        client.write(request);
        client.end();
        atServer.awaitClosedBy("end", "close(false)");
        atClient.awaitClosedBy("end", "close(false)");
        assertArrayEquals(request, atServer.bytes());
        assertEquals("goodbye", atClient.text());
    }

    @ParameterizedTest
    @MethodSource("links")
    void serverKeepsItsHalfOpenAndGoesOnSending(Link link, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        create(StreamOptions.defaults(), StreamOptions.defaults().allowHalfOpen(true));
        open(link, random);
        client.end("request");
        atServer.awaitEvent("end");
        assertEquals(ReadyState.WRITE_ONLY, server.readyState());
        byte[] answer = random(random, 20_000);
        for (int from = 0; from < answer.length; from += 1000) {
            server.write(Arrays.copyOfRange(answer, from, from + 1000));
        }
        server.end();
        atClient.awaitClosedBy("end", "close(false)");
        atServer.awaitClosedBy("close(false)");
        assertArrayEquals(answer, atClient.bytes());
    }

    @ParameterizedTest
    @MethodSource("links")
    void bothEndAtOnce(Link link, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        create();
        client.onConnect(() -> client.end("from client"));
        server.onConnect(() -> server.end("from server"));
        open(link, random);
        atClient.awaitClosedBy("end", "close(false)");
        atServer.awaitClosedBy("end", "close(false)");
        assertEquals("from client", atServer.text());
        assertEquals("from server", atClient.text());
    }

    @ParameterizedTest
    @MethodSource("links")
    void closeSendsEverythingFirst(Link link, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        create();
        open(link, random);
        byte[] last = random(random, 50_000);
        client.write(last);
        client.close();
        atClient.awaitClosedBy("close(false)");
        Await.until("close is told", () -> server.closed().isDone());
        assertArrayEquals(last, atServer.bytes());
        assertEquals(1, atServer.count("end"));
    }

    @ParameterizedTest
    @MethodSource("links")
    void resetIsAnErrorAtTheOtherEnd(Link link, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        create();
        open(link, random);
        client.write("x");
        Await.until("the byte is there", () -> atServer.size() == 1);
        client.reset();
        atClient.awaitClosedBy("close(false)");
        atServer.awaitClosedBy("error", "close(true)");
    }

    @ParameterizedTest
    @MethodSource("links")
    void pausedReaderPushesBackOnTheWriter(Link link, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        create(StreamOptions.defaults().maxQueuedBytes(Long.MAX_VALUE), StreamOptions.defaults());
        server.onConnect(server::pause);
        open(link, random);
        atServer.awaitEvent("connect");
        boolean tcp = link == Link.TCP || link == Link.TCP_IN_PIECES;
        byte[] much = random(random, tcp ? 8_000_000 : 100_000);
        int step = much.length / 100;
        for (int from = 0; from < much.length; from += step) {
            client.write(ByteBuffer.wrap(much, from, step));
        }
        assertTrue(client.bufferedBytes() > 0);
        assertEquals(0, atServer.count("data"));
        server.resume();
        if (link == Link.TCP_IN_PIECES) {
            client.destroy(); // 8 MB in small pieces take too long
            return;
        }
        Await.until("all is there", () -> atServer.size() == much.length);
        assertArrayEquals(much, atServer.bytes());
    }

    @ParameterizedTest
    @MethodSource("links")
    void blockingFacesTalkToEachOther(Link link, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        create();
        CompletableFuture<Long> echoed = new CompletableFuture<>();
        server.onConnect(() -> {
            InputStream in = server.inputStream();
            OutputStream out = server.outputStream();
            echoed.complete(in.transferTo(out));
        });
        open(link, random);
        InputStream in = client.inputStream();
        OutputStream out = client.outputStream();
        byte[] sent = random(random, 40_000);
        CompletableFuture<Void> writer = Await.start(() -> {
            for (int from = 0; from < sent.length; from += 1000) {
                out.write(sent, from, 1000);
            }
            out.close();
            return null;
        });
        CompletableFuture<byte[]> got = Await.start(in::readAllBytes);
        Await.value("all is written", writer);
        assertEquals(sent.length, Await.value("all is echoed", echoed));
        assertArrayEquals(sent, Await.value("all is read", got));
        atClient.awaitClosedBy("end", "close(false)");
        atServer.awaitClosedBy("end", "close(false)");
    }
}
