// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Connections to an echo server, which are silent most of the time. */
final class Crowd implements AutoCloseable {
    private static final int GROUP =
            1000; // connections that the server may not have accepted yet; less than its backlog
    private static final int PATIENCE_MILLIS = 10_000;

    private final List<Socket> sockets = new ArrayList<>();
    private final byte[] message;

    private Crowd(int size) {
        message = new byte[size];
        for (int i = 0; i < size; i++) message[i] = (byte) i;
    }

    /** How a connection is made. */
    @FunctionalInterface
    interface Door {
        /** {@return a socket that is connected and does not wait for longer than so many milliseconds} */
        Socket open(int patienceMillis) throws IOException;
    }

    static Door plain(int port) {
        return patienceMillis -> {
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(patienceMillis);
            return socket;
        };
    }

    /**
     * Opens connections. One of each thousand exchanges a message, and so does the last: when it has its answer, the server
     * has accepted those before it.
     */
    static Crowd connect(Door door, int connections, int size) throws IOException {
        Crowd crowd = new Crowd(size);
        try {
            for (int i = 1; i <= connections; i++) {
                Socket socket = door.open(PATIENCE_MILLIS);
                crowd.sockets.add(socket);
                if (i % GROUP == 0 || i == connections) crowd.exchange(socket);
            }
            return crowd;
        } catch (IOException e) {
            crowd.drop();
            throw e;
        }
    }

    /** Each sends a message and reads its answer. */
    void exchange() throws IOException {
        for (Socket socket : sockets) exchange(socket);
    }

    private void exchange(Socket socket) throws IOException {
        socket.getOutputStream().write(message);
        byte[] answer = socket.getInputStream().readNBytes(message.length);
        if (!Arrays.equals(answer, message)) throw new IOException("the server answered something else");
    }

    /** Ends all, and waits until the server has. */
    @Override
    public void close() throws IOException {
        try {
            for (Socket socket : sockets) socket.shutdownOutput();
            for (Socket socket : sockets) {
                if (socket.getInputStream().read() >= 0) throw new IOException("the server sent something");
            }
        } finally {
            drop();
        }
    }

    private void drop() throws IOException {
        for (Socket socket : sockets) socket.close();
    }
}
