// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;

/** A plain java.net server, accepting on the test's own thread. */
public final class PeerListener implements AutoCloseable {
    private final ServerSocket socket;
    private final TestScope scope;

    /** Null for plain text. */
    private final WireSecurity security;

    PeerListener(InetAddress host, int receiveBuffer, TestScope scope, WireSecurity security) throws IOException {
        this.security = security;
        this.scope = scope;
        socket = new ServerSocket();
        if (receiveBuffer > 0) {
            socket.setReceiveBufferSize(receiveBuffer);
        }
        socket.bind(new InetSocketAddress(host, 0));
        socket.setSoTimeout((int) Await.LIMIT.toMillis());
    }

    /** {@return where it listens} */
    public int port() {
        return socket.getLocalPort();
    }

    /** {@return the next connection} */
    public Peer accept() throws IOException {
        try {
            Socket accepted = socket.accept();
            return scope.add(
                    security == null ? new Peer(accepted) : new Peer(security.secure(accepted, false), accepted));
        } catch (SocketTimeoutException e) {
            throw new AssertionError("not within " + Await.LIMIT.toSeconds() + " s: a connection", e);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
