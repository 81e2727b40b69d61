// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.tls;

import dev.weft.it.support.TestScope;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.SplittableRandom;

/**
 * Stands between a client and a server and cuts what passes into pieces of seeded sizes, or collects it: what a network may do
 * to the borders of writes.
 */
final class Splicer implements AutoCloseable {
    private final ServerSocket socket;
    private final int target;
    private final int firstBytes;
    private final int most;
    private final SplittableRandom random;

    /**
     * @param target the server's port
     * @param firstBytes of the client, to be sent on in one piece once they are there
     * @param most bytes in one piece of all others
     */
    Splicer(TestScope scope, int target, int firstBytes, int most, long seed) throws IOException {
        this.target = target;
        this.firstBytes = firstBytes;
        this.most = most;
        this.random = new SplittableRandom(seed);
        socket = scope.add(new ServerSocket(0, 10, InetAddress.getLoopbackAddress()));
        scope.add(this);
        Thread.ofPlatform().daemon().name("splicer").start(this::accept);
    }

    int port() {
        return socket.getLocalPort();
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                Socket client = socket.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                SplittableRandom one = random.split();
                SplittableRandom other = random.split();
                Thread.ofPlatform().daemon().name("splicer-up").start(() -> pump(client, server, firstBytes, one));
                Thread.ofPlatform().daemon().name("splicer-down").start(() -> pump(server, client, 0, other));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void pump(Socket from, Socket to, int first, SplittableRandom pieces) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            out.write(in.readNBytes(first));
            byte[] buffer = new byte[64 << 10];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                for (int i = 0; i < n; ) {
                    int piece = Math.min(n - i, 1 + pieces.nextInt(most));
                    out.write(buffer, i, piece);
                    i += piece;
                }
            }
            to.shutdownOutput();
        } catch (IOException e) {
            close(from);
            close(to);
            return;
        }
        if (from.isOutputShutdown()) {
            close(from);
            close(to);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new AssertionError("closing", e);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new AssertionError("closing", e);
        }
    }
}
