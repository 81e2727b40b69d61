// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;

/**
 * Platform threads that write to all streams, each one message to each of them in turn, and rest while no stream takes
 * any. They belong to no stream. A message says who wrote it and how manieth of its writer's it is on that stream, so
 * that the load sees what gets lost, doubled, overtaken or torn.
 */
final class ForeignWriters {
    /** Bytes that may wait in a stream before a writer passes it over: the mark that Netty and Vert.x have. */
    static final int ENOUGH = 64 * 1024;

    private static final int THREADS = 4;
    private static final int MESSAGE = 64;

    private final List<Writer> writers = new ArrayList<>();

    private ForeignWriters() {
        for (int i = 0; i < THREADS; i++) writers.add(new Writer(i));
    }

    static ForeignWriters start() {
        ForeignWriters foreign = new ForeignWriters();
        foreign.writers.forEach(Thread::start);
        return foreign;
    }

    Sink add(Output output) {
        Sink sink = new Sink(output);
        for (Writer writer : writers) writer.turns.add(new Turn(sink, writer.number));
        wake();
        return sink;
    }

    private void wake() {
        for (Writer writer : writers) {
            if (writer.idle) LockSupport.unpark(writer);
        }
    }

    /** Writes to one stream, from any thread. */
    @FunctionalInterface
    interface Output {
        /** The message is always taken. Returns false if none should follow until the stream is {@linkplain Sink#writable}. */
        boolean write(byte[] message);
    }

    /** A stream as the writers see it. */
    final class Sink {
        private final Output output;
        private volatile int drains; // written by one thread at a time: that of the stream
        private volatile boolean closed;

        private Sink(Output output) {
            this.output = output;
        }

        /** The stream takes messages again. */
        @SuppressWarnings("NonAtomicVolatileUpdate")
        void writable() {
            drains++;
            wake();
        }

        void closed() {
            closed = true;
        }
    }

    /** What one writer knows of one stream. */
    private static final class Turn {
        private static final int TAKES = -1;

        private final Sink sink;
        private final int writer;
        private int sequence;
        private int fullAt = TAKES; // or the number of drains before the write that filled it

        Turn(Sink sink, int writer) {
            this.sink = sink;
            this.writer = writer;
        }

        /** Returns whether it wrote. */
        boolean run() {
            int drains = sink.drains;
            if (drains == fullAt) return false;
            byte[] message = new byte[MESSAGE];
            Arrays.fill(message, (byte) sequence);
            ByteBuffer.wrap(message).putInt(writer).putInt(sequence++);
            fullAt = sink.output.write(message) ? TAKES : drains;
            return true;
        }
    }

    private static final class Writer extends Thread {
        private final int number;
        private final List<Turn> turns = new CopyOnWriteArrayList<>();
        private volatile boolean idle; // the last round found no stream that takes anything

        Writer(int number) {
            super("foreign writer " + number);
            this.number = number;
            setDaemon(true);
        }

        @Override
        public void run() {
            for (; ; ) {
                boolean wrote = false;
                for (Turn turn : turns) wrote |= turn.run();
                turns.removeIf(turn -> turn.sink.closed);
                if (!wrote && idle) LockSupport.park(this); // a second look after idle was set: no wake is missed
                idle = !wrote;
            }
        }
    }
}
