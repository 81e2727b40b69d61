// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * The other end of a connection, spoken to without weft on the test's own thread, so that the test decides what it does and
 * when. Every wait but that of {@link #send(byte[])} is bounded.
 */
public abstract class Peer implements AutoCloseable {
    Peer() {}

    /** {@return our port, 0 if there are none} */
    public abstract int localPort();

    /** {@return the port of the stream, 0 if there are none} */
    public abstract int remotePort();

    /** Waits for the handshake, if there is one. */
    void awaitSecured() throws IOException {}

    /** Sends text as UTF-8. */
    public final Peer send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends bytes; parks if the stream does not read. */
    public abstract Peer send(byte[] bytes) throws IOException;

    /** Sends FIN. */
    public abstract Peer finish() throws IOException;

    /** Sends RST. */
    public abstract void reset() throws IOException;

    /** {@return so many bytes} */
    public final byte[] read(int length) throws IOException {
        byte[] bytes = new byte[length];
        int got = 0;
        while (got < length) {
            int n = read(bytes, got, length - got, length + " bytes, but only " + got);
            if (n < 0) {
                throw new AssertionError("the stream has ended after " + got + " of " + length + " bytes");
            }
            got += n;
        }
        return bytes;
    }

    /** {@return the text of so many bytes} */
    public final String readText(int length) throws IOException {
        return new String(read(length), StandardCharsets.UTF_8);
    }

    /** {@return what comes until FIN} */
    public final byte[] readToEnd() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] some = new byte[64 << 10];
        for (int n = 0; n >= 0; n = read(some, 0, some.length, "FIN, but " + all.size() + " bytes")) {
            all.write(some, 0, n);
        }
        return all.toByteArray();
    }

    /** {@return the text of what comes until FIN} */
    public final String readTextToEnd() throws IOException {
        return new String(readToEnd(), StandardCharsets.UTF_8);
    }

    /**
     * {@return what comes until a stream that is destroyed is gone: until FIN, or RST if the kernel must send that since the
     * stream has left something unread}
     */
    public final byte[] readToCut() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] some = new byte[64 << 10];
        try {
            for (int n = 0; n >= 0; n = read(some, 0, some.length, "the end of a stream that is destroyed")) {
                all.write(some, 0, n);
            }
        } catch (IOException e) {
            if (!mayBeResetByDestroy() || !SecurePeer.isReset(e)) {
                throw e;
            }
        }
        return all.toByteArray();
    }

    /** Whether a stream may leave something unread that this peer's program has not sent. */
    boolean mayBeResetByDestroy() {
        return false;
    }

    /** Reads until the connection fails, as it does after RST. */
    public final IOException readToFailure() {
        byte[] some = new byte[64 << 10];
        try {
            for (int n = 0; n >= 0; ) {
                n = read(some, 0, some.length, "a reset");
            }
        } catch (IOException e) {
            return e;
        }
        throw new AssertionError("the stream has ended cleanly, not with a reset");
    }

    /** Whether something can be read at this moment, or it has ended. */
    public abstract boolean hasInput() throws IOException;

    /**
     * Reads some bytes.
     *
     * @param what is waited for, for the message
     */
    abstract int read(byte[] target, int offset, int length, String what) throws IOException;

    static AssertionError tooLate(String what) {
        return new AssertionError("not within " + Await.LIMIT.toSeconds() + " s: the peer of the stream reads " + what);
    }

    @Override
    public abstract void close() throws IOException;
}
