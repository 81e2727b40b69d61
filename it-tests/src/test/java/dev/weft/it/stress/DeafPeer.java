// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/** Peers of plain java.net that never read, and have the kernel keep little for them. */
final class DeafPeer implements AutoCloseable {
    private static final int RECEIVE_BUFFER = 4 << 10;

    private final ServerSocket listening;
    private final List<Socket> sockets = new ArrayList<>();

    private DeafPeer(ServerSocket listening) {
        this.listening = listening;
    }

    /** A peer to connect to. */
    static DeafPeer listen() throws IOException {
        ServerSocket listening = new ServerSocket();
        listening.setReceiveBufferSize(RECEIVE_BUFFER);
        listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        return new DeafPeer(listening);
    }

    /** Peers that connect to a port. */
    static DeafPeer connect(int port, int count) throws IOException {
        DeafPeer peer = new DeafPeer(null);
        for (int i = 0; i < count; i++) {
            Socket socket = new Socket();
            peer.sockets.add(socket);
            socket.setReceiveBufferSize(RECEIVE_BUFFER);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), (int) Wait.LIMIT.toMillis());
        }
        return peer;
    }

    int port() {
        return listening.getLocalPort();
    }

    /** How many connections it has opened. */
    int count() {
        return sockets.size();
    }

    @Override
    public void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        if (listening != null) {
            listening.close();
        }
    }
}
