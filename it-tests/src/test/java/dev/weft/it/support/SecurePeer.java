// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;

/** A peer that speaks TLS, with the JDK's own sockets. */
final class SecurePeer extends Peer {
    private final SSLSocket socket;

    /** What is underneath. */
    private final PlainPeer plain;

    /** Goes on by itself, as it would in a peer that has a thread for it. */
    private final CompletableFuture<Boolean> handshake;

    /**
     * @param underneath what the socket is laid over
     */
    SecurePeer(SSLSocket socket, PeerSocket underneath, PlainPeer plain) throws IOException {
        this.socket = socket;
        this.plain = plain;
        socket.setSoTimeout((int) Await.LIMIT.toMillis());
        this.handshake = Await.start(() -> {
            socket.startHandshake();
            underneath.handshakeIsOver();
            return true;
        });
    }

    @Override
    void awaitSecured() throws IOException {
        boolean unused = isUsable();
    }

    /** {@return whether there is a connection to use: not if the stream has ended before it was secured} */
    private boolean isUsable() throws IOException {
        try {
            return handshake
                    .orTimeout(Await.LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
        } catch (CompletionException e) {
            if (hasEnded(e.getCause())) {
                return false;
            }
            throw new IOException(
                    "the handshake of the peer has failed: " + e.getCause().getMessage(), e.getCause());
        }
    }

    /** Whether it is the connection that has failed, and not what was said on it. */
    private static boolean hasEnded(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException && !(cause instanceof SSLException)) {
                return true;
            }
        }
        return false;
    }

    /** Whether it is a reset, and not an end. */
    static boolean isReset(Throwable failure) {
        return failure instanceof IOException
                && !(failure instanceof SSLException)
                && String.valueOf(failure.getMessage()).contains("reset");
    }

    /** A stream that is destroyed leaves unread what TLS says by itself. */
    @Override
    boolean mayBeResetByDestroy() {
        return true;
    }

    @Override
    public int localPort() {
        return plain.localPort();
    }

    @Override
    public int remotePort() {
        return plain.remotePort();
    }

    @Override
    public Peer send(byte[] bytes) throws IOException {
        if (isUsable()) {
            socket.getOutputStream().write(bytes);
        }
        return this;
    }

    @Override
    public Peer finish() throws IOException {
        if (isUsable()) {
            socket.shutdownOutput();
        }
        return this;
    }

    @Override
    public void reset() throws IOException {
        plain.reset();
    }

    @Override
    public boolean hasInput() throws IOException {
        return isUsable() && socket.getInputStream().available() > 0;
    }

    @Override
    int read(byte[] target, int offset, int length, String what) throws IOException {
        try {
            if (isUsable()) {
                return socket.getInputStream().read(target, offset, length);
            }
            for (Throwable cause = handshake.exceptionNow(); cause != null; cause = cause.getCause()) {
                if (isReset(cause)) {
                    throw (IOException) cause;
                }
            }
            return -1;
        } catch (SocketTimeoutException e) {
            throw tooLate(what);
        }
    }

    @Override
    public void close() throws IOException {
        // A JDK socket that is closed while another thread of it shakes hands sends rubbish.
        if (!handshake.isDone() && !socket.isClosed()) {
            plain.close();
        }
        if (!socket.isClosed()) {
            socket.setSoTimeout(1); // or it waits for what the stream might still send
        }
        socket.close();
        plain.close();
    }
}
