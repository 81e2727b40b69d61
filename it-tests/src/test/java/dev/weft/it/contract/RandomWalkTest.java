// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.ContractTest;
import dev.weft.it.support.Events;
import dev.weft.it.support.OnOneChannel;
import dev.weft.it.support.Wire.Pair;
import dev.weft.net.Stream;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * Both ends of a connection do what comes to a random mind, at the same time. Whatever that is, each of them closes once,
 * hears its events in order, and gets the bytes that the other has sent: all of them, unless someone let go of the connection.
 */
@OnOneChannel
class RandomWalkTest extends ContractTest {
    private static final int WALKS = 35;
    private static final int STEPS = 40;

    /** One end, and who drives it. */
    private static final class Walker {
        private final int side;
        private final Stream stream;
        private final Random random;
        private boolean ended;
        private boolean letGo;

        Walker(int side, Stream stream, long seed) {
            this.side = side;
            this.stream = stream;
            this.random = new Random(2 * seed + side);
        }

        boolean walk(boolean mayLetGo) {
            for (int i = 0; i < STEPS; i++) {
                step(mayLetGo);
            }
            stream.setTimeout(0);
            stream.resume();
            stream.end();
            return letGo;
        }

        private void step(boolean mayLetGo) {
            switch (random.nextInt(mayLetGo ? 20 : 18)) {
                case 0 -> stream.pause();
                case 1, 2 -> stream.resume();
                case 3 -> stream.setTimeout(random.nextInt(3));
                case 4 -> stream.setNoDelay(random.nextBoolean());
                case 5 -> stream.onDrain(() -> {}).remove();
                case 6 -> {
                    if (random.nextInt(5) == 0) {
                        stream.end();
                        ended = true;
                    }
                }
                case 18 -> letGo();
                default -> write();
            }
        }

        private void write() {
            if (!ended) {
                int length = random.nextInt(random.nextInt(8) == 0 ? 200_000 : 2000);
                byte[] bytes = new byte[length];
                long from = stream.bytesWritten();
                for (int i = 0; i < length; i++) {
                    bytes[i] = at(side, from + i);
                }
                stream.write(bytes);
            }
        }

        private void letGo() {
            if (random.nextInt(3) != 0) {
                return;
            }
            letGo = true;
            ended = true;
            switch (random.nextInt(4)) {
                case 0 -> stream.destroy();
                case 1 -> stream.destroy(new Exception("a random step"));
                case 2 -> stream.reset();
                default -> stream.close();
            }
        }
    }

    /** The byte that a side sends at a place. */
    private static byte at(int side, long place) {
        return (byte) (place * 31 + (place >> 8) + side);
    }

    @Test
    void endsThatDoAnythingButLetGoGetAllBytes() {
        for (long seed = 0; seed < WALKS; seed++) {
            walk(seed, false);
        }
    }

    @Test
    void endsThatDoAnythingCloseOnceAndGetNoWrongByte() {
        for (long seed = 1000; seed < 1000 + WALKS; seed++) {
            walk(seed, true);
        }
    }

    private void walk(long seed, boolean mayLetGo) {
        Pair pair = wire.pair(options -> options.allowHalfOpen(true), options -> options.allowHalfOpen(true));
        Walker client = new Walker(0, pair.client(), seed);
        Walker server = new Walker(1, pair.server(), seed);
        CompletableFuture<Boolean> clientWalk = Await.start(() -> client.walk(mayLetGo));
        CompletableFuture<Boolean> serverWalk = Await.start(() -> server.walk(mayLetGo));
        boolean letGo = Await.value("seed " + seed + ": the client's walk", clientWalk);
        letGo |= Await.value("seed " + seed + ": the server's walk", serverWalk);
        check(seed, pair.clientEvents(), pair.server(), letGo, 1);
        check(seed, pair.serverEvents(), pair.client(), letGo, 0);
        pair.listening().close();
    }

    private static void check(long seed, Events events, Stream other, boolean letGo, int otherSide) {
        try {
            events.awaitClose();
        } catch (AssertionError e) {
            throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
        }
        List<String> names = events.names();
        assertEquals(
                1,
                names.stream().filter(name -> name.startsWith("close")).count(),
                () -> "seed " + seed + ": " + events);
        byte[] received = events.bytes();
        for (int i = 0; i < received.length; i++) {
            if (received[i] != at(otherSide, i)) {
                throw new AssertionError("seed " + seed + ": wrong byte at " + i + " of " + events);
            }
        }
        if (letGo) {
            assertTrue(received.length <= other.bytesWritten(), () -> "seed " + seed + ": " + events);
        } else {
            assertEquals(other.bytesWritten(), received.length, () -> "seed " + seed + ": " + events);
            assertEquals("close(false)", names.getLast(), () -> "seed " + seed + ": " + events);
        }
    }
}
