// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import dev.weft.net.spi.Transport;
import dev.weft.net.tls.Handshake.Stage;
import java.io.IOException;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/** The reading half: what has arrived and is no whole record yet, and what was decrypted and not fetched. */
final class Inbound {
    private static final ByteBuffer NONE = ByteBuffer.allocate(0);

    private static final int RECORD_HEADER = 5;

    /** The type of a record, its first byte; TLS 1.3 hides it. */
    private static final byte ALERT = 21;

    /** What a record adds to the bytes in it, about. */
    private static final int OVERHEAD = 64;

    private static final int LEAST_ROOM = 192;
    private static final int MOST_ROOM = 4 << 10;

    /** How long a failure waits for its alert to be sent: there may be a writer who waits for the peer to read. */
    private static final long ALERT_NANOS = 500_000_000;

    /** A peer that has sent more than so many large buffers gets its RST. */
    private static final int DISCARDS = 64;

    private final Transport plain;
    private final SSLEngine engine;
    private final Handshake handshake;
    private final Outbound outbound;
    private final Runnable wantsFlush;
    private final boolean acceptTruncation;

    /** What has arrived, from position to limit. */
    private ByteBuffer arrived = NONE;

    /** Of a record that the program's buffer was too small for. */
    private @Nullable ByteBuffer decrypted;

    /** Whether the handshake was left for a flush, and has not got any further. */
    private boolean leftToFlush;

    /** Whether close_notify was read. */
    private boolean ended;

    Inbound(
            Transport plain,
            SSLEngine engine,
            Handshake handshake,
            Outbound outbound,
            Runnable wantsFlush,
            boolean acceptTruncation) {
        this.plain = plain;
        this.engine = engine;
        this.handshake = handshake;
        this.outbound = outbound;
        this.wantsFlush = wantsFlush;
        this.acceptTruncation = acceptTruncation;
    }

    void unread(ByteBuffer bytes) {
        ByteBuffer all = ByteBuffer.allocate(arrived.remaining() + bytes.remaining());
        arrived = all.put(arrived).put(bytes).flip();
    }

    /**
     * Goes on with the handshake.
     *
     * @return whether it is over; if not, this may not park, or there is something to flush
     */
    boolean shakeHands(int room, boolean blocking) throws IOException {
        return with(blocking, () -> {
                    while (handshake.is(Stage.SHAKING)) {
                        switch (engine.getHandshakeStatus()) {
                            case NEED_WRAP -> {
                                outbound.wantOwnRecords();
                                if (blocking && !leftToFlush) {
                                    leftToFlush = true;
                                    return 0; // the flush that follows is this thread's own, if nobody writes
                                }
                                wantsFlush.run();
                                if (!blocking) {
                                    return 0;
                                }
                                handshake.awaitAsReader( // parks
                                        () -> engine.getHandshakeStatus() != HandshakeStatus.NEED_WRAP
                                                || !handshake.is(Stage.SHAKING),
                                        Long.MAX_VALUE);
                            }
                            case NEED_TASK -> runTasks();
                            default -> {
                                leftToFlush = false;
                                // If the last flight is ours, the engine has finished before its writer says so,
                                // and nothing will come.
                                if (!unwrapHandshake(blocking)
                                        && handshake.is(Stage.SHAKING)
                                        && !fill(room, blocking)) {
                                    return 0;
                                }
                            }
                        }
                    }
                    return 1;
                })
                == 1;
    }

    /** Whether there was a record. */
    private boolean unwrapHandshake(boolean blocking) throws IOException {
        SSLEngineResult result = unwrap(NONE);
        if (result.getStatus() == Status.CLOSED) {
            throw new SSLHandshakeException("the peer has ended during the handshake");
        }
        HandshakeStatus status = result.getHandshakeStatus();
        if (status == HandshakeStatus.FINISHED || status == HandshakeStatus.NOT_HANDSHAKING) {
            if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
                // Tickets for the next session.
                outbound.wantOwnRecords();
                if (!blocking) {
                    wantsFlush.run();
                }
            }
            handshake.shaken();
        }
        return result.getStatus() != Status.BUFFER_UNDERFLOW;
    }

    /** The certificate check and the private key's work are among them: on the reader's own thread, with no lock held. */
    private void runTasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    /** Reads what the peer's program has sent; the handshake is confirmed. */
    int read(ByteBuffer target, boolean blocking) throws IOException {
        int start = target.position();
        fetch(target);
        if (!target.hasRemaining()) {
            return target.position() - start;
        }
        return with(blocking, () -> {
            try {
                while (target.hasRemaining()
                        && !ended
                        && !(target.position() > start && isAlertNext())
                        && readRecord(target, start, blocking)) {
                    // more of them may have arrived
                }
            } catch (SSLException e) {
                if (target.position() == start) {
                    throw e;
                }
                // What came before it is sound; the next read finds it again.
            }
            int n = target.position() - start;
            return n == 0 && ended ? -1 : n;
        });
    }

    /**
     * @return false if there is none, and there is something in the target or it may not park
     */
    private boolean readRecord(ByteBuffer target, int start, boolean blocking) throws IOException {
        SSLEngineResult result = unwrap(target);
        if (result.getStatus() == Status.BUFFER_OVERFLOW) {
            if (target.position() > start) {
                return false;
            }
            // The engine says so by the length in the header: the record need not be there yet.
            result = unwrapAside();
            fetch(target);
        }
        if (result.getStatus() == Status.BUFFER_UNDERFLOW) {
            return target.position() == start && fill(target.remaining(), blocking); // parks in blocking mode
        }
        ended = result.getStatus() == Status.CLOSED;
        HandshakeStatus status = result.getHandshakeStatus();
        if (status == HandshakeStatus.NEED_TASK) {
            refuseRenegotiation();
        } else if (status == HandshakeStatus.NEED_WRAP) {
            // A new key, or before TLS 1.3 the answer to close_notify.
            outbound.wantOwnRecords();
            wantsFlush.run();
        }
        return true;
    }

    /**
     * Before TLS 1.3 the engine sends nothing any more once it has seen close_notify: what came before it is delivered first,
     * so that it can be answered.
     */
    private boolean isAlertNext() {
        return arrived.hasRemaining() && arrived.get(arrived.position()) == ALERT;
    }

    private void refuseRenegotiation() throws SSLException {
        SSLException refused =
                new SSLException("the peer wants to negotiate anew, which could make someone else of it: refused");
        handshake.fail(refused);
        throw refused;
    }

    private SSLEngineResult unwrap(ByteBuffer target) throws SSLException {
        try {
            return engine.unwrap(arrived, target);
        } catch (SSLException e) {
            SSLException telling = telling(e);
            handshake.fail(telling);
            throw telling;
        }
    }

    /** Of an alert that comes unencrypted, as one does at the end of a handshake, the JDK says what it is in the cause only. */
    private static SSLException telling(SSLException e) {
        Throwable cause = e.getCause();
        return cause != null && cause.getMessage() != null && "Unexpected exception".equals(e.getMessage())
                ? new SSLException(cause.getMessage(), e)
                : e;
    }

    private SSLEngineResult unwrapAside() throws SSLException {
        ByteBuffer aside = Buffers.take(engine.getSession().getApplicationBufferSize());
        try {
            SSLEngineResult result = unwrap(aside);
            aside.flip();
            if (aside.hasRemaining()) {
                decrypted = ByteBuffer.allocate(aside.remaining()).put(aside).flip();
            }
            return result;
        } finally {
            Buffers.give(aside);
        }
    }

    private void fetch(ByteBuffer target) {
        ByteBuffer source = decrypted;
        if (source == null) {
            return;
        }
        int n = Math.min(source.remaining(), target.remaining());
        target.put(target.position(), source, source.position(), n);
        target.position(target.position() + n);
        source.position(source.position() + n);
        if (!source.hasRemaining()) {
            decrypted = null;
        }
    }

    /** Has the failure's alert sent, if that does not take long. Parks in blocking mode. */
    void tellPeerOfFailure(boolean blocking) throws IOException {
        outbound.wantOwnRecords();
        wantsFlush.run();
        if (blocking) {
            handshake.awaitAsReader(() -> outbound.isAlertSent() || !handshake.is(Stage.FAILED), ALERT_NANOS); // parks
            if (outbound.isAlertSent()) {
                discardRest();
            }
        }
    }

    /** The connection is about to be closed: unread bytes would make the kernel send RST, which may overtake the alert. */
    private void discardRest() throws IOException {
        plain.configureBlocking(false); // the writer has nothing to write any more
        ByteBuffer waste = Buffers.take(0);
        try {
            for (int i = 0; i < DISCARDS && plain.read(waste.clear()) > 0; i++) {
                // dropped
            }
        } finally {
            Buffers.give(waste);
        }
    }

    // -- What has arrived. --

    private interface Work {
        int run() throws IOException;
    }

    /** A call that does not park works with a large buffer, lent for its time. */
    private int with(boolean blocking, Work work) throws IOException {
        if (blocking) {
            return work.run();
        }
        ByteBuffer large = Buffers.take(Math.max(engine.getSession().getPacketBufferSize(), 2 * arrived.remaining()));
        arrived = large.put(arrived).flip();
        try {
            return work.run();
        } finally {
            arrived = large.hasRemaining()
                    ? ByteBuffer.allocate(large.remaining()).put(large).flip()
                    : NONE;
            Buffers.give(large);
        }
    }

    /**
     * Reads from underneath, what does not fit is left there.
     *
     * @param room for how many bytes the program has room
     * @return false if there is nothing, and this may not park
     */
    private boolean fill(int room, boolean blocking) throws IOException {
        if (blocking) {
            makeRoom(room);
        }
        arrived.compact();
        int n;
        try {
            n = plain.read(arrived); // parks in blocking mode
        } finally {
            arrived.flip();
        }
        if (n < 0) {
            endWithoutNotice();
        }
        return n != 0;
    }

    /**
     * A read that may park holds no more than a small buffer, or, with a part of a record in it, a few times what has arrived:
     * who announces much and sends little costs little.
     */
    private void makeRoom(int room) {
        int have = arrived.remaining();
        int more = Math.clamp(room + OVERHEAD, LEAST_ROOM, MOST_ROOM);
        if (have >= RECORD_HEADER) {
            int record = RECORD_HEADER
                    + ((arrived.get(arrived.position() + 3) & 0xff) << 8)
                    + (arrived.get(arrived.position() + 4) & 0xff);
            more = record > have ? Math.min(record - have, Math.max(more, 3 * have)) : more;
        }
        int capacity = arrived.capacity();
        if (capacity < have + more || capacity > have + 2 * more) {
            arrived = ByteBuffer.allocate(have + more).put(arrived).flip();
        }
    }

    private void endWithoutNotice() throws IOException {
        if (!handshake.is(Stage.CONFIRMED)) {
            throw new SSLHandshakeException("the peer has ended during the handshake");
        }
        IOException reset = outbound.toldOfReset();
        if (reset != null) {
            throw reset;
        }
        if (arrived.hasRemaining()) {
            throw new SSLException("the peer has ended in the middle of a record");
        }
        if (!acceptTruncation) {
            throw new SSLException("the peer has ended without close_notify: what it sent may have been cut");
        }
        ended = true;
    }
}
