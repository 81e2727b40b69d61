// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.LeakCheck;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Much data, both ways at once, at readers that stop now and then: every byte arrives, and little waits in memory. */
@ExtendWith(LeakCheck.class)
@Tag("single-carrier")
class BulkTest {
    private static final long SIZE = 64L << 20;
    private static final int CHUNK = 64 << 10;
    private static final int THREADS = 4;

    private static final StreamOptions HALF_OPEN = StreamOptions.defaults().allowHalfOpen(true);

    @Test
    void everyByteArrivesBothWaysAtSlowReaders() {
        try (Pair pair = Pair.open(
                HALF_OPEN, stream -> SlowReader.on(stream, 1, 100), stream -> SlowReader.on(stream, 2, 100))) {
            Sender there = Sender.start(pair.connected().stream(), SIZE, 3, CHUNK);
            Sender back = Sender.start(pair.accepted().stream(), SIZE, 4, CHUNK);
            String sentThere = Wait.result(() -> "all written there: " + pair, there.sent());
            String sentBack = Wait.result(() -> "all written back: " + pair, back.sent());
            assertClosed(pair);
            assertEquals(sentThere, pair.accepted().sha256Hex(), "seeds 1 to 4");
            assertEquals(sentBack, pair.connected().sha256Hex(), "seeds 1 to 4");
            assertTrue(there.mostBuffered() <= CHUNK, () -> there.mostBuffered() + " bytes were queued");
            assertTrue(back.mostBuffered() <= CHUNK, () -> back.mostBuffered() + " bytes were queued");
        }
    }

    @Test
    void everyByteOfForeignThreadsArrivesInEachThreadsOrder() {
        Frames arrivedThere = new Frames(THREADS);
        Frames arrivedBack = new Frames(THREADS);
        try (Pair pair = Pair.open(
                HALF_OPEN,
                stream -> {
                    SlowReader.on(stream, 5, 100);
                    stream.onData(arrivedThere::add);
                },
                stream -> {
                    SlowReader.on(stream, 6, 100);
                    stream.onData(arrivedBack::add);
                })) {
            Crowd there = Crowd.start(pair.connected().stream(), THREADS, SIZE / THREADS, 100);
            Crowd back = Crowd.start(pair.accepted().stream(), THREADS, SIZE / THREADS, 200);
            List<String> sentThere = Wait.result(() -> "all written there: " + pair, there.sent());
            List<String> sentBack = Wait.result(() -> "all written back: " + pair, back.sent());
            assertClosed(pair);
            assertEquals(sentThere, arrivedThere.sha256Hex(), "seeds 5, 6, 100, 200");
            assertEquals(sentBack, arrivedBack.sha256Hex(), "seeds 5, 6, 100, 200");
            // drain may be told late, and so let a thread go on once for each of the others
            long bound = (THREADS + 1L) * THREADS * Crowd.LARGEST_FRAME;
            assertTrue(there.mostBuffered() <= bound, () -> there.mostBuffered() + " bytes were queued");
            assertTrue(back.mostBuffered() <= bound, () -> back.mostBuffered() + " bytes were queued");
        }
    }

    @Test
    void everyByteOfTheBlockingFaceArrivesBothWays() {
        CompletableFuture<String> acceptedRead = new CompletableFuture<>();
        CompletableFuture<String> acceptedWritten = new CompletableFuture<>();
        CompletableFuture<String> connectedRead = new CompletableFuture<>();
        CompletableFuture<String> connectedWritten = new CompletableFuture<>();
        try (Pair pair = Pair.open(
                HALF_OPEN,
                // a thread-per-connection server: the listener itself reads until the end
                stream -> stream.onConnect(() -> {
                    Thread.startVirtualThread(() -> complete(acceptedWritten, () -> writeAll(stream, 7)));
                    complete(acceptedRead, () -> readAll(stream, 8));
                }),
                // before the first byte can arrive, or it would be told with data
                stream -> stream.onConnect(stream::inputStream))) {
            Stream client = pair.connected().stream();
            Thread.ofPlatform().start(() -> complete(connectedWritten, () -> writeAll(client, 9)));
            Thread.ofPlatform().start(() -> complete(connectedRead, () -> readAll(client, 10)));
            String sentThere = Wait.result(() -> "all written there: " + pair, connectedWritten);
            String sentBack = Wait.result(() -> "all written back: " + pair, acceptedWritten);
            assertEquals(sentThere, Wait.result("all read there", acceptedRead), "seeds 7 to 10");
            assertEquals(sentBack, Wait.result("all read back", connectedRead), "seeds 7 to 10");
            pair.accepted().awaitClose();
            pair.connected().awaitClose();
            assertAll(
                    () -> assertEquals(
                            List.of("connect", "end", "close false"),
                            pair.accepted().events()),
                    () -> assertEquals(
                            List.of("connect", "end", "close false"),
                            pair.connected().events()));
        }
    }

    private static void assertClosed(Pair pair) {
        pair.accepted().awaitClose();
        pair.connected().awaitClose();
        assertAll(
                () -> assertEquals(
                        List.of("connect", "data", "end", "close false"),
                        pair.accepted().events()),
                () -> assertEquals(
                        List.of("connect", "data", "end", "close false"),
                        pair.connected().events()));
    }

    private interface Work {
        String run() throws IOException;
    }

    private static void complete(CompletableFuture<String> future, Work work) {
        try {
            future.complete(work.run());
        } catch (Throwable e) {
            future.completeExceptionally(e);
        }
    }

    private static String writeAll(Stream stream, long seed) throws IOException {
        Random sizes = new Random(seed);
        Bytes bytes = new Bytes(SIZE, seed);
        try (OutputStream output = stream.outputStream()) {
            while (bytes.hasNext()) {
                output.write(bytes.next(1 + sizes.nextInt(CHUNK)));
                assertTrue(stream.bufferedBytes() == 0, "queued by the blocking face");
            }
        }
        return bytes.sha256Hex();
    }

    private static String readAll(Stream stream, long seed) throws IOException {
        Random random = new Random(seed);
        MessageDigest digest = Bytes.sha256();
        byte[] buffer = new byte[CHUNK];
        InputStream input = stream.inputStream();
        for (int n = input.read(buffer); n >= 0; n = input.read(buffer, 0, 1 + random.nextInt(CHUNK))) {
            digest.update(buffer, 0, n);
            if (random.nextInt(100) == 0) {
                LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(4000)));
            }
        }
        return Bytes.hex(digest);
    }
}
