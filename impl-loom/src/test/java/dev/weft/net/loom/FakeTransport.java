// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.weft.net.spi.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A connection whose kernel and peer are played by the test: how many bytes fit, what arrives and when, which call fails, and
 * which one takes its time. It writes down what it is asked to do, and whether the {@link ThreadingContract} is kept.
 */
final class FakeTransport implements Transport, Modal {
    /** One call of write that has taken something. */
    record Taken(long bytes, boolean blocking, String thread) {}

    /** Holds a call up, so that a test can look at what happens meanwhile. */
    static final class Gate {
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);

        void awaitReached(String what) {
            Await.until(what, reached);
        }

        void open() {
            open.countDown();
        }

        void pass() {
            reached.countDown();
            Await.until("a test opens its gate", open);
        }
    }

    private static final SocketAddress LOCAL = Names.address(1111, "127.0.0.1");
    private static final SocketAddress REMOTE = Names.address(2222, "127.0.0.1");

    private final ThreadingContract contract = new ThreadingContract("FakeTransport");
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // -- Guarded by lock. --
    private final ArrayDeque<Byte> arrived = new ArrayDeque<>();
    private boolean peerEnded;
    private IOException readFailure;

    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    private final List<Taken> writes = new ArrayList<>();
    private final List<Integer> readSizes = new ArrayList<>();
    private final List<String> log = new ArrayList<>();
    private long room = Long.MAX_VALUE;
    private int mostPerWrite = Integer.MAX_VALUE;
    private long failAfter = Long.MAX_VALUE;
    private boolean holding;
    private boolean discarding;
    private int held;

    private boolean blocking = true;
    private boolean closed;
    private boolean reset;
    private boolean readerParked;
    private boolean writerParked;

    private IOException refusal;
    private boolean hanging;
    private SocketAddress connecting;

    private Gate nextConnect;
    private Gate nextWrite;
    private Gate nextRead;
    private Gate nextFin;
    private Gate nextClose;

    // -- What the test plays. --

    FakeTransport refuses(IOException failure) {
        return change(() -> refusal = failure);
    }

    /** To connect takes for ever, until it is closed. */
    FakeTransport hangs() {
        return change(() -> hanging = true);
    }

    /** To connect is held up, and not even close can hurry it. */
    Gate holdConnect() {
        Gate gate = new Gate();
        change(() -> nextConnect = gate);
        return gate;
    }

    /** The kernel has room for so many more bytes, and no more until {@link #moreRoom}. */
    FakeTransport room(long bytes) {
        return change(() -> room = bytes);
    }

    FakeTransport moreRoom(long bytes) {
        return change(() -> room += bytes);
    }

    FakeTransport mostPerWrite(int bytes) {
        return change(() -> mostPerWrite = bytes);
    }

    /** The write that would take byte n (counted from 0) takes what is before it; the next one fails. */
    FakeTransport failAfter(long n) {
        return change(() -> failAfter = n);
    }

    /** From now on write takes everything at once, and flush needs the room. */
    FakeTransport holding() {
        return change(() -> holding = true);
    }

    /** From now on what is taken is not kept. */
    FakeTransport discarding() {
        return change(() -> discarding = true);
    }

    FakeTransport arrive(String text) {
        return arrive(text.getBytes(ISO_8859_1));
    }

    FakeTransport arrive(byte[] bytes) {
        return change(() -> {
            for (byte b : bytes) {
                arrived.add(b);
            }
        });
    }

    FakeTransport peerEnds() {
        return change(() -> peerEnded = true);
    }

    FakeTransport readFails(IOException failure) {
        return change(() -> readFailure = failure);
    }

    /** The next write is held up, in any mode, before it looks for room. */
    Gate holdNextWrite() {
        Gate gate = new Gate();
        change(() -> nextWrite = gate);
        return gate;
    }

    /** The next read in non-blocking mode is held up before it looks for bytes. */
    Gate holdNextTryRead() {
        Gate gate = new Gate();
        change(() -> nextRead = gate);
        return gate;
    }

    Gate holdFin() {
        Gate gate = new Gate();
        change(() -> nextFin = gate);
        return gate;
    }

    /** The next close is held up before it wakes anyone. */
    Gate holdClose() {
        Gate gate = new Gate();
        change(() -> nextClose = gate);
        return gate;
    }

    private FakeTransport change(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return this;
    }

    // -- What the test looks at. --

    private <T> T look(java.util.function.Supplier<T> look) {
        lock.lock();
        try {
            return look.get();
        } finally {
            lock.unlock();
        }
    }

    byte[] taken() {
        return look(taken::toByteArray);
    }

    String text() {
        return look(() -> taken.toString(ISO_8859_1));
    }

    int size() {
        return look(taken::size);
    }

    List<Taken> writes() {
        return look(() -> List.copyOf(writes));
    }

    /** How much room each read had that took something. */
    List<Integer> readSizes() {
        return look(() -> List.copyOf(readSizes));
    }

    /** {@code blocking}, {@code nonBlocking}, {@code finishOutput}, {@code FIN}, {@code close}, {@code reset}. */
    List<String> log() {
        return look(() -> List.copyOf(log));
    }

    boolean hasFin() {
        return log().contains("FIN");
    }

    boolean isClosed() {
        return look(() -> closed);
    }

    boolean isReset() {
        return look(() -> reset);
    }

    @Override
    public boolean isBlocking() {
        return look(() -> blocking);
    }

    /** Where it was told to connect to, or null. */
    SocketAddress connecting() {
        return look(() -> connecting);
    }

    void awaitText(String expected) {
        Await.until("\"" + expected + "\" is with the kernel", () -> text().equals(expected));
    }

    void awaitReaderParked() {
        Await.until("the reader is parked in read", () -> look(() -> readerParked && arrived.isEmpty()));
    }

    void awaitWriterParked() {
        Await.until("a writer is parked in write", () -> look(() -> writerParked));
    }

    void awaitFin() {
        Await.until("FIN is sent", this::hasFin);
    }

    // -- Transport. --

    @Override
    public String protocol() {
        return "fake";
    }

    @Override
    public void connect(SocketAddress remote) throws IOException {
        lock.lock();
        try {
            connecting = remote;
            Gate gate = nextConnect;
            nextConnect = null;
            pass(gate);
            while (hanging && !closed) {
                changed.awaitUninterruptibly();
            }
            if (refusal != null) {
                throw refusal;
            }
            if (closed && gate == null) {
                throw new AsynchronousCloseException();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        contract.beginRead(target.remaining());
        lock.lock();
        try {
            if (!blocking) {
                pass(takeReadGate());
            }
            while (blocking && !closed && arrived.isEmpty() && !peerEnded && readFailure == null) {
                readerParked = true;
                changed.awaitUninterruptibly();
            }
            readerParked = false;
            if (closed) {
                throw new AsynchronousCloseException();
            }
            if (!arrived.isEmpty()) {
                readSizes.add(target.remaining());
                int n = Math.min(target.remaining(), arrived.size());
                for (int i = 0; i < n; i++) {
                    target.put(arrived.remove());
                }
                return n;
            }
            if (readFailure != null) {
                throw readFailure;
            }
            return peerEnded ? -1 : 0;
        } finally {
            readerParked = false;
            lock.unlock();
            contract.endRead();
        }
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        return (int) write(new ByteBuffer[] {source}, 1);
    }

    @Override
    public long write(ByteBuffer[] sources, int count) throws IOException {
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            bytes += sources[i].remaining();
        }
        contract.beginWrite(bytes);
        lock.lock();
        try {
            pass(takeWriteGate());
            awaitRoom(holding);
            long most = Math.min(holding ? Long.MAX_VALUE : room, mostPerWrite);
            long n = 0;
            for (int i = 0; i < count && n < most; i++) {
                while (sources[i].hasRemaining() && n < most && taken.size() < failAfter) {
                    byte b = sources[i].get();
                    if (!discarding) {
                        taken.write(b);
                    }
                    n++;
                }
            }
            if (n == 0 && taken.size() >= failAfter) {
                throw new IOException("Broken pipe");
            }
            if (holding) {
                held += (int) n;
            } else {
                use(n);
            }
            if (n > 0 && !discarding) {
                writes.add(new Taken(n, blocking, Thread.currentThread().getName()));
            }
            return n;
        } finally {
            writerParked = false;
            lock.unlock();
            contract.endWrite();
        }
    }

    @Override
    public boolean flush() throws IOException {
        contract.beginFlush();
        lock.lock();
        try {
            while (held > 0) {
                awaitRoom(false);
                long n = Math.min(held, room);
                if (n == 0) {
                    return false;
                }
                held -= (int) n;
                use(n);
            }
            return true;
        } finally {
            writerParked = false;
            lock.unlock();
            contract.endWrite();
        }
    }

    private void awaitRoom(boolean unneeded) throws IOException {
        while (!unneeded && blocking && !closed && room == 0 && taken.size() < failAfter) {
            writerParked = true;
            changed.awaitUninterruptibly();
        }
        writerParked = false;
        if (closed) {
            throw new AsynchronousCloseException();
        }
    }

    private void use(long n) {
        if (room != Long.MAX_VALUE) {
            room -= n;
        }
    }

    private Gate takeWriteGate() {
        Gate gate = nextWrite;
        nextWrite = null;
        return gate;
    }

    private Gate takeReadGate() {
        Gate gate = nextRead;
        nextRead = null;
        return gate;
    }

    /** Called with the lock held; the gate is passed without it. */
    private void pass(Gate gate) {
        if (gate != null) {
            lock.unlock();
            try {
                gate.pass();
            } finally {
                lock.lock();
            }
        }
    }

    @Override
    public void configureBlocking(boolean block) throws IOException {
        contract.configureBlocking(block);
        lock.lock();
        try {
            if (closed) {
                throw new ClosedChannelException();
            }
            blocking = block;
            log.add(block ? "blocking" : "nonBlocking");
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void finishOutput() {
        contract.finishOutput();
        change(() -> log.add("finishOutput"));
    }

    @Override
    public void shutdownOutput() throws IOException {
        contract.shutdownOutput();
        lock.lock();
        try {
            Gate gate = nextFin;
            nextFin = null;
            pass(gate);
            if (closed) {
                throw new ClosedChannelException();
            }
            if (held > 0) {
                throw new IllegalStateException("FIN while " + held + " bytes are held");
            }
            log.add("FIN");
        } finally {
            lock.unlock();
        }
    }

    @Override
    public SocketAddress localAddress() {
        return LOCAL;
    }

    @Override
    public SocketAddress remoteAddress() {
        return REMOTE;
    }

    @Override
    public <T> boolean setOption(SocketOption<T> option, T value) {
        return false;
    }

    @Override
    public void close() {
        lock.lock();
        try {
            Gate gate = nextClose;
            nextClose = null;
            pass(gate);
        } finally {
            lock.unlock();
        }
        change(() -> {
            closed = true;
            log.add("close");
        });
    }

    @Override
    public void reset() {
        change(() -> {
            closed = true;
            reset = true;
            log.add("reset");
        });
    }
}
