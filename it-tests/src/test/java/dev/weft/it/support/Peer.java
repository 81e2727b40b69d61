// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;

/**
 * The other end of a connection, spoken to with plain java.net on the test's own thread, so that the test decides what it
 * does and when. Every wait is bounded.
 */
public final class Peer implements AutoCloseable {
    private final Socket socket;

    /** What is underneath, where the connection is secured. */
    private final Socket plain;

    /** Goes on by itself, as it would in a peer that has a thread for it. Null for plain text. */
    private final CompletableFuture<Boolean> handshake;

    Peer(Socket socket) throws IOException {
        this.socket = socket;
        this.plain = socket;
        this.handshake = null;
        socket.setSoTimeout((int) Await.LIMIT.toMillis());
    }

    /** A peer that is secured over a socket. */
    Peer(SSLSocket socket, Socket plain) throws IOException {
        this.socket = socket;
        this.plain = plain;
        socket.setSoTimeout((int) Await.LIMIT.toMillis());
        this.handshake = Await.start(() -> {
            socket.startHandshake();
            return true;
        });
    }

    /** Waits for the handshake, if there is one. */
    void awaitSecured() throws IOException {
        boolean unused = isUsable();
    }

    /** {@return whether there is a connection to use: not if the stream has ended before it was secured} */
    private boolean isUsable() throws IOException {
        if (handshake == null) {
            return true;
        }
        try {
            return handshake
                    .orTimeout(Await.LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
        } catch (CompletionException e) {
            boolean ended =
                    e.getCause() instanceof SSLHandshakeException failed && failed.getCause() instanceof EOFException;
            if (ended || "Broken pipe".equals(e.getCause().getMessage())) {
                return false;
            }
            throw new IOException(
                    "the handshake of the peer has failed: " + e.getCause().getMessage(), e.getCause());
        }
    }

    /** {@return our port} */
    public int localPort() {
        return socket.getLocalPort();
    }

    /** {@return the port of the stream} */
    public int remotePort() {
        return socket.getPort();
    }

    /** Sends text as UTF-8. */
    public Peer send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends bytes; parks if the stream does not read. */
    public Peer send(byte[] bytes) throws IOException {
        if (isUsable()) {
            socket.getOutputStream().write(bytes);
        }
        return this;
    }

    /** Sends FIN. */
    public Peer finish() throws IOException {
        if (isUsable()) {
            socket.shutdownOutput();
        }
        return this;
    }

    /** Sends RST. */
    public void reset() throws IOException {
        plain.setSoLinger(true, 0);
        plain.close();
    }

    /** {@return so many bytes} */
    public byte[] read(int length) throws IOException {
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
    public String readText(int length) throws IOException {
        return new String(read(length), StandardCharsets.UTF_8);
    }

    /** {@return what comes until FIN} */
    public byte[] readToEnd() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] some = new byte[64 << 10];
        for (int n = 0; n >= 0; n = read(some, 0, some.length, "FIN, but " + all.size() + " bytes")) {
            all.write(some, 0, n);
        }
        return all.toByteArray();
    }

    /** {@return the text of what comes until FIN} */
    public String readTextToEnd() throws IOException {
        return new String(readToEnd(), StandardCharsets.UTF_8);
    }

    /** Reads until the connection fails, as it does after RST. */
    public IOException readToFailure() {
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

    /** Whether something can be read at this moment. */
    public boolean hasInput() throws IOException {
        return isUsable() && socket.getInputStream().available() > 0;
    }

    private int read(byte[] target, int offset, int length, String what) throws IOException {
        try {
            return isUsable() ? socket.getInputStream().read(target, offset, length) : -1;
        } catch (SocketTimeoutException e) {
            throw new AssertionError(
                    "not within " + Await.LIMIT.toSeconds() + " s: the peer of the stream reads " + what, e);
        }
    }

    @Override
    public void close() throws IOException {
        // A JDK socket that is closed while another thread of it shakes hands sends rubbish.
        if (handshake != null && !handshake.isDone() && !socket.isClosed()) {
            plain.close();
        }
        if (handshake != null && !socket.isClosed()) {
            socket.setSoTimeout(1); // or it waits for what the stream might still send
        }
        socket.close();
    }
}
