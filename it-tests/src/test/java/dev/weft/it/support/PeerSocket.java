// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;

/** A {@link PlainPeer} as a socket, for what is laid over sockets: a Unix channel has none. */
final class PeerSocket extends Socket {
    private final PlainPeer peer;
    private volatile int timeoutMillis;
    private volatile boolean closed;
    private volatile boolean outputShutdown;
    private volatile boolean shakingHands = true;

    /** Why the first write has failed during the handshake. */
    private volatile IOException unsent;

    PeerSocket(PlainPeer peer) {
        this.peer = peer;
    }

    @Override
    public InputStream getInputStream() {
        return new InputStream() {
            private boolean ended;

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                long limit = timeoutMillis == 0 ? Await.LIMIT.toMillis() : timeoutMillis;
                int n = peer.readWithin(limit, target, offset, length);
                ended |= n < 0;
                if (n < 0 && unsent != null && SecurePeer.isReset(unsent)) {
                    throw unsent; // the kernel tells it once, and from then on an end
                }
                return n;
            }

            @Override
            public int available() throws IOException {
                return !ended && peer.hasInput() ? 64 << 10 : 0; // at the end there always is
            }
        };
    }

    @Override
    public OutputStream getOutputStream() {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                try {
                    PlainPeer unused = peer.send(bytes, offset, length);
                } catch (IOException e) {
                    if (!shakingHands) {
                        throw e;
                    }
                    // The JDK would drop what the stream has said before it went. It is told to who reads.
                    if (unsent == null) {
                        unsent = e;
                    }
                }
            }
        };
    }

    /** From now on a write that fails is a failure. */
    void handshakeIsOver() {
        shakingHands = false;
    }

    @Override
    public boolean isConnected() {
        return true;
    }

    @Override
    public boolean isBound() {
        return true;
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public boolean isOutputShutdown() {
        return outputShutdown;
    }

    @Override
    public int getPort() {
        return peer.remotePort();
    }

    @Override
    public int getLocalPort() {
        return peer.localPort();
    }

    @Override
    public int getSoTimeout() {
        return timeoutMillis;
    }

    @Override
    public void setSoTimeout(int millis) {
        timeoutMillis = millis;
    }

    @Override
    public void setTcpNoDelay(boolean on) {}

    @Override
    public int getSoLinger() {
        return -1;
    }

    @Override
    public void shutdownOutput() throws IOException {
        outputShutdown = true;
        peer.finish();
    }

    @Override
    public void shutdownInput() {}

    @Override
    public void close() throws IOException {
        closed = true;
        peer.close();
    }
}
