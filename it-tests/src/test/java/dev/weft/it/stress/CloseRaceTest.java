// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.LeakCheck;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several threads do to both ends of a connection, at once, all that can be done: each closes once, in order. */
@ExtendWith(LeakCheck.class)
@Tag("single-carrier")
class CloseRaceTest {
    private static final int ITERATIONS = 250;

    /** Two for the stream that connects, two for the one that was accepted. */
    private static final int THREADS = 4;

    private static final int MOST_ACTIONS = 6;

    /** One in so many actions is one that ends the stream. */
    private static final int LAST_ACTION_EVERY = 8;

    private static final Pattern ORDER = Pattern.compile(
            "(timeout )*(connect (data |drain |timeout )*(end (drain |timeout )*)?)?(error close true|close false) ");

    private enum Action {
        WRITE,
        WRITE_MUCH,
        /** For one thread of a stream. */
        WRITE_BLOCKING,
        PAUSE,
        RESUME,
        SET_TIMEOUT,
        END,
        CLOSE,
        DESTROY,
        FAIL,
        RESET;

        private static final List<Action> LAST = List.of(END, CLOSE, DESTROY, FAIL, RESET);
        private static final List<Action> OTHERS =
                List.of(WRITE, WRITE_MUCH, WRITE_BLOCKING, PAUSE, RESUME, SET_TIMEOUT);

        static Action any(Random random) {
            List<Action> some = random.nextInt(LAST_ACTION_EVERY) == 0 ? LAST : OTHERS;
            return some.get(random.nextInt(some.size()));
        }

        /** All that may be thrown is that the stream has ended or closed. */
        void run(Stream stream, Random random) {
            try {
                act(stream, random);
            } catch (IOException | IllegalStateException e) {
                assertTrue(this == WRITE || this == WRITE_MUCH || this == WRITE_BLOCKING, () -> this + ": " + e);
            }
        }

        private void act(Stream stream, Random random) throws IOException {
            switch (this) {
                case WRITE -> stream.write(new byte[1 + random.nextInt(1000)]);
                case WRITE_MUCH -> stream.write(new byte[1 << 20]);
                case WRITE_BLOCKING -> stream.outputStream().write(new byte[1 + random.nextInt(100_000)]);
                case PAUSE -> stream.pause();
                case RESUME -> stream.resume();
                case SET_TIMEOUT -> stream.setTimeout(random.nextInt(3));
                case END -> stream.end();
                case CLOSE -> stream.close();
                case DESTROY -> stream.destroy();
                case FAIL -> stream.destroy(new IOException("on purpose"));
                case RESET -> stream.reset();
            }
        }
    }

    /** One end of the connection, and what it has told. */
    private static final class End {
        private final Stream stream;
        private final CompletableFuture<Void> closed = new CompletableFuture<>();
        private final Queue<String> told = new ConcurrentLinkedQueue<>();
        private final AtomicBoolean telling = new AtomicBoolean();
        private String last = "";

        /** Adds listeners, which now and then do something to the stream too. */
        End(Stream stream, long seed) {
            this.stream = stream;
            Random random = new Random(seed);
            stream.onConnect(() -> tell("connect"));
            stream.onData(data -> {
                tell("data");
                Action action = Action.any(random);
                if (random.nextInt(20) == 0 && action != Action.WRITE_BLOCKING) {
                    action.run(stream, random);
                }
            });
            stream.onDrain(() -> tell("drain"));
            stream.onTimeout(() -> tell("timeout"));
            stream.onEnd(() -> tell("end"));
            stream.onError(error -> tell("error"));
            stream.onClose(hadError -> {
                tell("close " + hadError);
                closed.complete(null);
            });
        }

        private void tell(String event) {
            if (!telling.compareAndSet(false, true)) {
                told.add("(at the same time)");
            }
            if (!event.equals(last) || !event.equals("data")) {
                told.add(event);
            }
            last = event;
            telling.set(false);
        }

        String told() {
            return String.join(" ", told) + " ";
        }

        @Override
        public String toString() {
            return stream + " has told: " + told();
        }
    }

    private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);

    @AfterEach
    void endThreads() {
        threads.shutdownNow();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void eachEndClosesOnceWhateverIsDoneToBoth(long firstSeed) {
        BlockingQueue<End> accepted = new LinkedBlockingQueue<>();
        Random random = new Random(firstSeed);
        Server server = Net.createServer(
                ServerOptions.defaults().allowHalfOpen(random.nextBoolean()),
                stream -> accepted.add(new End(stream, random.nextLong())));
        int port = Pair.port(server.listen(0, "127.0.0.1"));
        try {
            for (long seed = 1000 * firstSeed; seed < 1000 * firstSeed + ITERATIONS; seed++) {
                End connecting = connect(port, seed);
                Wait.result("connect, seed " + seed, connecting.stream.connected());
                race(List.of(connecting, next(accepted, seed)), seed);
            }
        } finally {
            server.close();
        }
        Wait.result(() -> "close of the server, " + server.connections() + " streams left", server.closed());
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5, 6})
    void aStreamClosesOnceWhateverIsDoneWhileItConnects(long firstSeed) {
        Server server = Net.createServer(stream -> {
            stream.onData(stream::write);
            stream.onError(error -> {});
        });
        int port = Pair.port(server.listen(0, "127.0.0.1"));
        try {
            for (long seed = 1000 * firstSeed; seed < 1000 * firstSeed + ITERATIONS; seed++) {
                race(List.of(connect(port, seed)), seed);
            }
        } finally {
            server.close();
        }
        Wait.result(() -> "close of the server, " + server.connections() + " streams left", server.closed());
    }

    private static End connect(int port, long seed) {
        Random random = new Random(seed);
        Stream stream = Net.createStream(StreamOptions.defaults().allowHalfOpen(random.nextBoolean()));
        End end = new End(stream, random.nextLong());
        stream.connect(port);
        return end;
    }

    private static End next(BlockingQueue<End> accepted, long seed) {
        Wait.until("the server accepts, seed " + seed, () -> !accepted.isEmpty());
        return accepted.remove();
    }

    private void race(List<End> ends, long seed) {
        Random random = new Random(seed);
        CyclicBarrier start = new CyclicBarrier(THREADS);
        List<Future<?>> acting = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            Stream stream = ends.get(i % ends.size()).stream;
            boolean mayBlock = i < ends.size();
            long threadSeed = random.nextLong();
            acting.add(threads.submit(() -> {
                start.await();
                act(stream, new Random(threadSeed), mayBlock);
                return null;
            }));
        }
        // some may be blocked because others have paused
        Wait.until(() -> "all threads are done, seed " + seed + ": " + ends, () -> {
            ends.forEach(end -> end.stream.resume());
            return acting.stream().allMatch(Future::isDone);
        });
        acting.forEach(thread -> Wait.result("no exception, seed " + seed, thread));
        ends.forEach(end -> end.stream.end());
        Wait.until(() -> "all have closed, seed " + seed + ": " + ends, () -> {
            ends.forEach(end -> end.stream.resume());
            return ends.stream().allMatch(end -> end.closed.isDone());
        });
        for (End end : ends) {
            assertTrue(ORDER.matcher(end.told()).matches(), () -> "seed " + seed + ": " + end);
        }
    }

    private static void act(Stream stream, Random random, boolean mayBlock) {
        for (int i = random.nextInt(MOST_ACTIONS); i >= 0; i--) {
            Action action = Action.any(random);
            (action == Action.WRITE_BLOCKING && !mayBlock ? Action.WRITE : action).run(stream, random);
        }
    }
}
