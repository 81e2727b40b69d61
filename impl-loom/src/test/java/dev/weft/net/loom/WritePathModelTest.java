// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.StreamOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random programs: several threads and the listeners write, on both faces, to a kernel that is full at random times, while
 * bytes arrive; then the stream is ended, closed or destroyed.
 *
 * <p>What must hold, whatever the program: the bytes of one call are together, those of one writer in order; what was
 * accepted is what the kernel has, plus what a destroy has dropped; after true, and when a blocking write returns, the bytes
 * are the caller's again (who writes over them at once); each false is followed by a drain; one thread writes at a time.
 *
 * <p>{@code -Dweft.model.runs=} sets how many programs are run, {@code -Dweft.fuzz.seed=} repeats one.
 */
@ExtendWith(LeakCheck.class)
class WritePathModelTest {
    private static final int HEADER = 12;

    /** Written over what was taken. */
    private static final byte GARBAGE = (byte) 0xee;

    private enum Finish {
        END,
        CLOSE,
        DESTROY,
        RESET,
        PEER_ENDS,
        FAIL
    }

    static LongStream seeds() {
        Long one = Long.getLong("weft.fuzz.seed");
        return one != null
                ? LongStream.of(one)
                : new SplittableRandom().longs(Integer.getInteger("weft.model.runs", 60));
    }

    private final FakeTransport transport = new FakeTransport();
    private final Queue<String> falses = new ConcurrentLinkedQueue<>();
    private final AtomicLong acceptedByWrites = new AtomicLong();
    private final AtomicBoolean stop = new AtomicBoolean();
    private LoomStream stream;
    private Journal journal;

    @ParameterizedTest
    @MethodSource("seeds")
    void everyProgramKeepsThePromises(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        String at = "seed " + seed;
        Finish finish = Finish.values()[random.nextInt(Finish.values().length)];
        boolean executor = random.nextInt(4) == 0;
        stream = new LoomStream(StreamOptions.defaults()
                .allowHalfOpen(random.nextBoolean())
                .dispatcher(executor ? task -> Thread.ofVirtual().start(task) : null)
                .maxQueuedBytes(Long.MAX_VALUE));
        journal = Journal.of(stream);
        transport.room(random.nextInt(100)).mostPerWrite(1 + random.nextInt(5000));
        if (random.nextInt(3) == 0) {
            transport.holding();
        }
        Writer inTurns = new Writer(0, random.split());
        Writer inDrains = new Writer(1, random.split());
        stream.onData(bytes -> inTurns.writeSome());
        stream.onDrain(inDrains::writeSome);
        stream.accepted(transport);

        CompletableFuture<Void> kernel = Await.start(() -> playKernel(random.split()));
        List<CompletableFuture<Void>> writers = new ArrayList<>();
        int foreign = 1 + random.nextInt(3);
        for (int i = 0; i < foreign; i++) {
            Writer writer = new Writer(2 + i, random.split());
            writers.add(Await.start(() -> writer.run(40)));
        }
        if (random.nextBoolean()) {
            Blocking writer = new Blocking(2 + foreign, random.split(), stream.outputStream());
            writers.add(Await.start(() -> writer.run(40)));
        }
        boolean atTheEnd = random.nextInt(3) != 0;
        if (atTheEnd) {
            awaitAll(writers, at);
        }
        finish(finish, random);
        awaitAll(writers, at);
        if (!stream.closed().isDone() && (finish == Finish.END || finish == Finish.PEER_ENDS)) {
            stream.end();
            transport.awaitFin();
            transport.peerEnds();
        }
        Await.until("close is told, " + at, () -> stream.closed().isDone());
        stop.set(true);
        Await.value("the kernel stops, " + at, kernel);
        check(finish, at);
    }

    private void awaitAll(List<CompletableFuture<Void>> writers, String at) throws Exception {
        for (CompletableFuture<Void> writer : writers) {
            Await.value("a writer is done, " + at, writer);
        }
    }

    private void finish(Finish finish, SplittableRandom random) {
        switch (finish) {
            case END -> stream.end();
            case CLOSE -> stream.close();
            case DESTROY -> stream.destroy();
            case RESET -> stream.reset();
            case PEER_ENDS -> transport.peerEnds();
            case FAIL -> {
                transport.failAfter(transport.size() + random.nextInt(50));
                // Somebody must find out: a write, or, if they are all done, this.
                transport.moreRoom(1000);
                transport.readFails(new IOException("Connection reset"));
            }
        }
    }

    /** Gives room in portions, lets bytes arrive, and rests. */
    private Void playKernel(SplittableRandom random) {
        while (!stop.get()) {
            switch (random.nextInt(4)) {
                case 0 -> transport.moreRoom(random.nextInt(4000));
                case 1 -> transport.arrive(new byte[1 + random.nextInt(random.nextInt(10) == 0 ? 4000 : 20)]);
                case 2 -> LockSupport.parkNanos(1 + random.nextInt(200_000));
                default -> Thread.onSpinWait();
            }
        }
        return null;
    }

    private void check(Finish finish, String at) {
        byte[] taken = transport.taken();
        int[] next = new int[10];
        int from = 0;
        int queued = 0;
        while (taken.length - from >= HEADER) {
            ByteBuffer header = ByteBuffer.wrap(taken, from, HEADER);
            int writer = header.getInt();
            int number = header.getInt();
            int length = header.getInt();
            assertTrue(writer >= 0 && writer < next.length, () -> "bytes of several calls are mixed, " + at);
            assertEquals(next[writer]++, number, "calls of writer " + writer + ", " + at);
            int end = Math.min(taken.length, from + HEADER + length);
            for (int i = from + HEADER; i < end; i++) {
                assertEquals(fill(writer, number), taken[i], "byte of call " + writer + "/" + number + ", " + at);
            }
            queued += falses.contains(writer + "/" + number) ? 1 : 0;
            from += HEADER + length;
        }
        boolean graceful = transport.hasFin();
        if (graceful) {
            assertEquals(taken.length, from, "the last call is complete, " + at);
            assertEquals(stream.bytesWritten(), taken.length, "all that was accepted was sent, " + at);
        } else {
            assertTrue(stream.bytesWritten() >= taken.length, at);
        }
        assertTrue(acceptedByWrites.get() <= stream.bytesWritten(), "what was reported as taken was accepted, " + at);
        assertEquals(0, stream.bufferedBytes(), at);
        int drains = journal.count("drain");
        assertTrue(drains <= falses.size(), () -> drains + " drains for " + falses.size() + " falses, " + at);
        if (graceful && finish != Finish.CLOSE) {
            assertTrue(drains > 0 || queued == 0, "no drain for " + queued + " writes that were queued, " + at);
        }
        List<String> events = journal.events();
        assertEquals(1, events.stream().filter(e -> e.startsWith("close")).count(), () -> events + ", " + at);
        assertTrue(events.getLast().startsWith("close"), () -> events + ", " + at);
    }

    private static byte fill(int writer, int number) {
        return (byte) (1 + (31 * writer + number) % 100);
    }

    private static byte[] call(int writer, int number, int length) {
        byte[] bytes = new byte[HEADER + length];
        ByteBuffer.wrap(bytes).putInt(writer).putInt(number).putInt(length);
        Arrays.fill(bytes, HEADER, bytes.length, fill(writer, number));
        return bytes;
    }

    private static int length(SplittableRandom random) {
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> random.nextInt(20_000);
            case 2, 3 -> random.nextInt(1000);
            default -> random.nextInt(30);
        };
    }

    /** One thread, or the listeners of one event. */
    private final class Writer {
        private final int id;
        private final SplittableRandom random;
        private int number;
        private boolean over;

        Writer(int id, SplittableRandom random) {
            this.id = id;
            this.random = random;
        }

        Void run(int bursts) {
            for (int i = 0; i < bursts && !over; i++) {
                writeSome();
                if (random.nextInt(3) == 0) {
                    LockSupport.parkNanos(1 + random.nextInt(300_000));
                }
            }
            return null;
        }

        void writeSome() {
            for (int i = random.nextInt(4); i > 0 && !over && number < 200; i--) {
                byte[] bytes = call(id, number, length(random));
                try {
                    if (stream.write(bytes)) {
                        Arrays.fill(bytes, GARBAGE);
                        acceptedByWrites.addAndGet(bytes.length);
                    } else {
                        falses.add(id + "/" + number);
                    }
                    number++;
                } catch (IllegalStateException e) {
                    over = true; // ended by the program
                }
            }
        }
    }

    private final class Blocking {
        private final int id;
        private final SplittableRandom random;
        private final OutputStream out;

        Blocking(int id, SplittableRandom random, OutputStream out) {
            this.id = id;
            this.random = random;
            this.out = out;
        }

        Void run(int calls) {
            try {
                for (int i = 0; i < calls; i++) {
                    byte[] bytes = call(id, i, length(random));
                    out.write(bytes);
                    Arrays.fill(bytes, GARBAGE);
                    acceptedByWrites.addAndGet(bytes.length);
                    if (random.nextInt(3) == 0) {
                        LockSupport.parkNanos(1 + random.nextInt(300_000));
                    }
                }
            } catch (IOException e) {
                assertTrue(e.getMessage().startsWith("write fake"), e::getMessage);
            }
            return null;
        }
    }
}
