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
import org.jspecify.annotations.Nullable;

/**
 * The writing half. All that is sent is made here, also what the reader finds to be necessary: records must go out in the
 * order in which they were made.
 */
/*
 * The engine of weft lets one thread at a time into write, flush and finishOutput, so the fields need no lock of their own.
 */
final class Outbound {
    private static final ByteBuffer NONE = ByteBuffer.allocate(0);

    private final Transport plain;
    private final SSLEngine engine;
    private final Handshake handshake;

    /** Records that the kernel has not taken yet; from the pool. */
    private @Nullable ByteBuffer held;

    /** Whether nothing of the program's is in them. */
    private boolean heldIsOwn;

    /** Why a record of our own was not sent after the handshake: nothing more is. */
    private volatile @Nullable IOException unsent;

    private final ByteBuffer[] single = new ByteBuffer[1];
    private boolean finishing;

    /** After the handshake: whether the engine has records of its own to send. Set by the reader. */
    private volatile boolean ownRecords;

    private volatile boolean alertSent;

    Outbound(Transport plain, SSLEngine engine, Handshake handshake) {
        this.plain = plain;
        this.engine = engine;
        this.handshake = handshake;
    }

    // -- For the reader. --

    /** The engine has records of its own to send; a flush must follow. */
    void wantOwnRecords() {
        ownRecords = true;
        handshake.wakeWriter();
    }

    /** Whether the peer was told that we have failed. */
    boolean isAlertSent() {
        return alertSent;
    }

    /**
     * What a record of our own was told of a reset, or null. The kernel tells one call of it, and those that follow of an end; but
     * of a broken pipe it speaks where an end came first.
     */
    @Nullable
    IOException toldOfReset() {
        IOException told = unsent;
        return told == null || "Broken pipe".equals(told.getMessage()) ? null : told;
    }

    // -- For the writer. --

    int write(ByteBuffer source, boolean blocking) throws IOException {
        single[0] = source;
        try {
            return (int) write(single, 1, blocking); // parks in blocking mode
        } finally {
            single[0] = NONE;
        }
    }

    long write(ByteBuffer[] sources, int count, boolean blocking) throws IOException {
        if (!awaitConfirmed(blocking) || !sendHeld()) { // parks in blocking mode
            return 0;
        }
        IOException told = unsent;
        if (told != null) {
            throw told;
        }
        int packet = engine.getSession().getPacketBufferSize();
        ByteBuffer records = Buffers.take(packet);
        long taken = 0;
        do {
            SSLEngineResult result = engine.wrap(sources, 0, count, records);
            if (result.getStatus() == Status.CLOSED) {
                if (taken > 0) {
                    break; // the next write finds it again
                }
                throw new SSLException(
                        "the peer has closed both sides (before TLS 1.3 its end is that), so nothing can be sent");
            }
            if (result.bytesConsumed() == 0 && result.bytesProduced() == 0) {
                throw new SSLException("the engine does not take bytes: " + result);
            }
            taken += result.bytesConsumed();
        } while (records.remaining() >= packet && hasMore(sources, count));
        held = records.flip();
        heldIsOwn = false;
        boolean unused = sendHeld(); // parks in blocking mode
        return taken;
    }

    private static boolean hasMore(ByteBuffer[] sources, int count) {
        for (int i = count - 1; i >= 0; i--) {
            if (sources[i].hasRemaining()) {
                return true;
            }
        }
        return false;
    }

    /** Sends meanwhile what the handshake wants sent. False if that takes longer and it may not park. */
    private boolean awaitConfirmed(boolean blocking) throws IOException {
        while (!handshake.is(Stage.CONFIRMED)) {
            if (!sendOwnRecords() || !blocking) {
                return false;
            }
            awaitNews(Stage.CONFIRMED); // parks
        }
        return true;
    }

    /** Parks until there is something to do. */
    private void awaitNews(Stage awaited) throws IOException {
        if (handshake.is(Stage.CLOSED)) {
            throw handshake.failure();
        }
        handshake.awaitAsWriter(() -> hasOwnRecords() || handshake.is(awaited) || handshake.is(Stage.CLOSED));
    }

    /** In blocking mode parks until the kernel has everything. */
    boolean flush(boolean blocking) throws IOException {
        for (; ; ) {
            if (!sendOwnRecords()) {
                return false;
            }
            if (!finishing || engine.isOutboundDone() || unsent != null) {
                return true;
            }
            if (handshake.is(Stage.CONFIRMED)) {
                engine.closeOutbound();
                wrapOwnRecords();
            } else if (blocking) {
                // close_notify, and then FIN, must not overtake what waits for the handshake.
                awaitNews(Stage.CONFIRMED); // parks
            } else {
                return false;
            }
        }
    }

    /** What follows is close_notify. */
    void finish() {
        finishing = true;
    }

    /** Whether nothing is left to send, for now. */
    private boolean sendOwnRecords() throws IOException {
        for (; ; ) {
            if (!sendHeld()) {
                return false;
            }
            if (!hasOwnRecords()) {
                if (!plain.flush()) {
                    return false;
                }
                if (handshake.is(Stage.FAILED) && !alertSent) {
                    alertSent = true;
                    handshake.wakeReader();
                }
                return true;
            }
            wrapOwnRecords();
        }
    }

    private boolean hasOwnRecords() {
        return unsent == null
                && switch (handshake.stage()) {
                    case SHAKING -> needsWrap();
                    case FAILED -> !alertSent && needsWrap();
                    case SHAKEN, DONE, CONFIRMED -> ownRecords && needsWrap();
                    case CLOSED -> false;
                };
    }

    private boolean needsWrap() {
        return engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP;
    }

    private void wrapOwnRecords() throws SSLException {
        ownRecords = false;
        int packet = engine.getSession().getPacketBufferSize();
        ByteBuffer records = Buffers.take(packet);
        try {
            SSLEngineResult result;
            do {
                result = engine.wrap(NONE, records);
                if (result.getHandshakeStatus() == HandshakeStatus.FINISHED
                        || result.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING) {
                    handshake.shaken();
                }
            } while (result.getStatus() == Status.OK
                    && result.bytesProduced() > 0
                    && records.remaining() >= packet
                    && needsWrap());
        } catch (SSLException e) {
            if (handshake.is(Stage.CONFIRMED)) {
                throw e;
            }
            // The reader tells; the engine has an alert for the peer now.
            handshake.fail(e);
        }
        ownRecords |= needsWrap();
        held = records.flip();
        heldIsOwn = true;
        handshake.wakeReader();
    }

    private boolean sendHeld() throws IOException {
        ByteBuffer records = held;
        if (records == null) {
            return true;
        }
        try {
            while (records.hasRemaining()) {
                if (plain.write(records) == 0) { // parks in blocking mode
                    return false;
                }
            }
        } catch (IOException e) {
            if (!heldIsOwn || handshake.is(Stage.SHAKING) || handshake.is(Stage.CLOSED)) {
                throw e;
            }
            // A ticket, an answer to close_notify, an alert: no loss to the program. The peer may have said all
            // and gone, and that is still to be read. Who reads finds out what has happened, and who writes.
            unsent = e;
        }
        held = null;
        Buffers.give(records);
        return true;
    }
}
