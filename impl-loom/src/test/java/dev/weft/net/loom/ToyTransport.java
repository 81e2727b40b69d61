// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.PeerCertificate;
import dev.weft.net.spi.SecureTransport;
import dev.weft.net.spi.Transport;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Security of a toy: each byte is changed by a key that the two sides agree on, the client beginning, and the end of a side is
 * marked. What it asks of the engine is what TLS asks: messages that the layer sends of its own accord, a handshake that needs
 * both directions, bytes that are taken and not sent yet, last words before FIN.
 *
 * <pre>
 *   client: HELLO(half key) ──▶   server: WELCOME(half key) ──▶   client: FINISHED, done ──▶   server: done
 *   then DATA in both directions, and BYE as the last record of each
 * </pre>
 */
final class ToyTransport implements SecureTransport, Modal {
    static final byte HELLO = 1;
    static final byte WELCOME = 2;
    static final byte FINISHED = 3;
    static final byte DATA = 4;
    static final byte BYE = 5;

    private static final int HEADER = 3;
    private static final int MOST = 1000;
    private static final int CLIENT_HALF = 0x5a;
    private static final int SERVER_HALF = 0xc3;

    private final Transport plain;
    private final ToyCredentials credentials;
    private final boolean client;
    private final String peerName;
    private final Runnable wantsFlush;
    private final ThreadingContract contract = new ThreadingContract("toy");

    private volatile boolean blocking = true;

    // -- Of the thread that reads. --
    private byte[] inbox = {};
    private ByteBuffer decrypted = ByteBuffer.allocate(0);
    private boolean byeReceived;

    /** Whether the handshake has made something, for the caller to flush. */
    private boolean toFlush;

    // -- Of the thread that writes. --
    private final Queue<ByteBuffer> held = new ArrayDeque<>();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // -- Guarded by lock. --
    private final Queue<ByteBuffer> outbox = new ArrayDeque<>();
    private final List<String> log = new ArrayList<>();
    private boolean greeted;
    private boolean done;
    private boolean confirmed;
    private boolean finishing;
    private boolean byeMade;
    private boolean closed;
    private int unread;
    private boolean writerParked;

    private volatile byte key;

    ToyTransport(Transport plain, ToyCredentials credentials, boolean client, String peerName, Runnable wantsFlush) {
        this.plain = plain;
        this.credentials = credentials;
        this.client = client;
        this.peerName = peerName;
        this.wantsFlush = wantsFlush;
    }

    // -- For tests. --

    String peerName() {
        return peerName;
    }

    int unreadBytes() {
        return locked(() -> unread);
    }

    boolean isWriterParked() {
        return locked(() -> writerParked);
    }

    /** {@code confirm}, {@code finishOutput}, {@code close}. */
    List<String> log() {
        return locked(() -> List.copyOf(log));
    }

    /** What it was told; or, since that may be wrong and the SPI has no way to ask, what transports of ours know. */
    @Override
    public boolean isBlocking() {
        return (credentials.asksForTheMode() && plain instanceof Modal modal) ? modal.isBlocking() : blocking;
    }

    private <T> T locked(java.util.function.Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    private void change(Runnable change) {
        locked(() -> {
            change.run();
            changed.signalAll();
            return null;
        });
    }

    private static ByteBuffer message(byte type, byte... payload) {
        return ByteBuffer.allocate(HEADER + payload.length)
                .put(type)
                .putShort((short) payload.length)
                .put(payload)
                .flip();
    }

    // -- Reading. --

    @Override
    public void unread(ByteBuffer bytes) {
        change(() -> unread += bytes.remaining());
        append(bytes);
    }

    private void append(ByteBuffer bytes) {
        int old = inbox.length;
        inbox = Arrays.copyOf(inbox, old + bytes.remaining());
        bytes.get(inbox, old, inbox.length - old);
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        contract.beginRead(target.remaining());
        try {
            for (; ; ) {
                if (toFlush || locked(() -> done && !confirmed)) {
                    toFlush = false;
                    return 0;
                }
                if (decrypted.hasRemaining()) {
                    return give(target);
                }
                if (byeReceived) {
                    return -1;
                }
                if (!takeRecord()) {
                    ByteBuffer more = ByteBuffer.allocate(500);
                    int n = plain.read(more); // parks
                    if (n == 0) {
                        return 0;
                    }
                    if (n < 0) {
                        throw new EOFException(
                                isHandshakeDone()
                                        ? "the peer has ended without a farewell"
                                        : "the peer has ended during the handshake");
                    }
                    append(more.flip());
                }
            }
        } finally {
            contract.endRead();
        }
    }

    private int give(ByteBuffer target) {
        int n = Math.min(target.remaining(), decrypted.remaining());
        for (int i = 0; i < n; i++) {
            target.put(decrypted.get());
        }
        return n;
    }

    private boolean takeRecord() throws IOException {
        if (inbox.length < HEADER) {
            return false;
        }
        int end = HEADER + (((inbox[1] & 0xff) << 8) | (inbox[2] & 0xff));
        if (inbox.length < end) {
            return false;
        }
        byte type = inbox[0];
        byte[] payload = Arrays.copyOfRange(inbox, HEADER, end);
        inbox = Arrays.copyOfRange(inbox, end, inbox.length);
        switch (type) {
            case HELLO -> {
                require(!client && !isHandshakeDone(), type);
                credentials.checkPeer();
                key = (byte) (payload[0] ^ SERVER_HALF);
                send(message(WELCOME, (byte) SERVER_HALF), false);
            }
            case WELCOME -> {
                require(client && !isHandshakeDone(), type);
                credentials.checkPeer();
                key = (byte) (payload[0] ^ CLIENT_HALF);
                send(message(FINISHED), true);
            }
            case FINISHED -> {
                require(!client && !isHandshakeDone(), type);
                change(() -> done = true);
            }
            case DATA -> {
                require(isHandshakeDone(), type);
                decrypted = ByteBuffer.wrap(crypt(ByteBuffer.wrap(payload), payload.length));
            }
            case BYE -> {
                require(isHandshakeDone(), type);
                byeReceived = true;
            }
            default -> require(false, type);
        }
        return true;
    }

    private static void require(boolean fits, byte type) throws IOException {
        if (!fits) {
            throw new IOException("unexpected message " + type);
        }
    }

    private void send(ByteBuffer message, boolean finishes) {
        change(() -> {
            outbox.add(message);
            done |= finishes;
        });
        toFlush = isBlocking();
        if (!toFlush) {
            wantsFlush.run();
        }
    }

    private byte[] crypt(ByteBuffer source, int length) {
        byte[] result = new byte[length];
        for (int i = 0; i < length; i++) {
            result[i] = (byte) (source.get() ^ key);
        }
        return result;
    }

    // -- Writing. --

    @Override
    public int write(ByteBuffer source) throws IOException {
        contract.beginWrite(source.remaining());
        try {
            while (!isConfirmed()) {
                if (!sendAll() || !awaitProgress()) {
                    return 0;
                }
            }
            if (!sendAll()) {
                return 0;
            }
            int n = Math.min(MOST, source.remaining());
            held.add(message(DATA, crypt(source, n)));
            boolean unused = sendAll();
            return n;
        } finally {
            contract.endWrite();
        }
    }

    @Override
    public long write(ByteBuffer[] sources, int count) throws IOException {
        return write(sources[0]);
    }

    @Override
    public boolean flush() throws IOException {
        contract.beginFlush();
        try {
            for (; ; ) {
                boolean owesBye = owesBye();
                if (!sendAll()) {
                    return false;
                }
                if (!owesBye) {
                    return true;
                }
                if (!awaitProgress()) {
                    return false;
                }
            }
        } finally {
            contract.endWrite();
        }
    }

    private boolean isConfirmed() {
        return locked(() -> confirmed);
    }

    /** The last words wait for the handshake. */
    private boolean owesBye() {
        return locked(() -> {
            if (finishing && confirmed && !byeMade) {
                byeMade = true;
                outbox.add(message(BYE));
            }
            return finishing && !byeMade;
        });
    }

    /** Parks until there is something to send or the handshake is confirmed; false if it may not park. */
    private boolean awaitProgress() throws IOException {
        if (!isBlocking()) {
            return false;
        }
        lock.lock();
        try {
            while (outbox.isEmpty() && !confirmed && !closed) {
                writerParked = true;
                changed.awaitUninterruptibly(); // parks
            }
            if (closed) {
                throw new AsynchronousCloseException();
            }
            return true;
        } finally {
            writerParked = false;
            lock.unlock();
        }
    }

    /** Whether nothing is left to send. */
    private boolean sendAll() throws IOException {
        for (; ; ) {
            ByteBuffer next = held.peek();
            if (next == null) {
                next = nextMessage();
                if (next == null) {
                    return true;
                }
                held.add(next);
            }
            while (next.hasRemaining()) {
                if (plain.write(next) == 0) { // parks in blocking mode
                    return false;
                }
            }
            held.remove();
        }
    }

    private ByteBuffer nextMessage() {
        return locked(() -> {
            if (client && !greeted) {
                greeted = true;
                return message(HELLO, (byte) CLIENT_HALF);
            }
            return outbox.poll();
        });
    }

    @Override
    public void finishOutput() {
        contract.finishOutput();
        change(() -> {
            finishing = true;
            log.add("finishOutput");
        });
    }

    @Override
    public void shutdownOutput() throws IOException {
        contract.shutdownOutput();
        plain.finishOutput();
        plain.shutdownOutput();
    }

    // -- Handshake. --

    @Override
    public boolean isHandshakeDone() {
        return locked(() -> done);
    }

    @Override
    public boolean verifyPeer() {
        return isHandshakeDone();
    }

    @Override
    public PeerCertificate peerCertificate() {
        return null;
    }

    @Override
    public void confirm() throws IOException {
        change(() -> log.add("confirm"));
        credentials.checkConfirm();
        change(() -> confirmed = true);
    }

    // -- The rest is passed on. --

    @Override
    public void configureBlocking(boolean block) throws IOException {
        contract.configureBlocking(block);
        blocking = block;
        plain.configureBlocking(block);
    }

    @Override
    public void close() {
        change(() -> {
            closed = true;
            log.add("close");
        });
        plain.close();
    }

    @Override
    public void reset() {
        change(() -> closed = true);
        plain.reset();
    }

    @Override
    public String protocol() {
        return plain.protocol();
    }

    @Override
    public void connect(SocketAddress remote) {
        throw new IllegalStateException("connected already");
    }

    @Override
    public SocketAddress localAddress() {
        return plain.localAddress();
    }

    @Override
    public SocketAddress remoteAddress() {
        return plain.remoteAddress();
    }

    @Override
    public <T> boolean setOption(SocketOption<T> option, T value) throws IOException {
        return plain.setOption(option, value);
    }
}
