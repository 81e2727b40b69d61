// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/** Connections to an echo server, which are silent most of the time. */
final class Crowd implements AutoCloseable {
    private static final int GROUP =
            1000; // connections that the server may not have accepted yet; less than its backlog

    private final List<SocketChannel> channels = new ArrayList<>();
    private final int size;

    private Crowd(int size) {
        this.size = size;
    }

    /**
     * Opens connections. One of each thousand exchanges a message, and so does the last: when it has its answer, the server
     * has accepted those before it.
     */
    static Crowd connect(int port, int connections, int size) throws IOException {
        Crowd crowd = new Crowd(size);
        try {
            InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
            for (int i = 1; i <= connections; i++) {
                SocketChannel channel = SocketChannel.open(address);
                crowd.channels.add(channel);
                if (i % GROUP == 0 || i == connections) crowd.exchange(channel);
            }
            return crowd;
        } catch (IOException e) {
            crowd.close();
            throw e;
        }
    }

    /** Each sends a message and reads its answer. */
    void exchange() throws IOException {
        for (SocketChannel channel : channels) exchange(channel);
    }

    private void exchange(SocketChannel channel) throws IOException {
        ByteBuffer message = ByteBuffer.allocate(size);
        while (message.hasRemaining()) message.put((byte) message.position());
        message.flip();
        while (message.hasRemaining()) channel.write(message);
        ByteBuffer answer = ByteBuffer.allocate(size);
        while (answer.hasRemaining()) {
            if (channel.read(answer) < 0) throw new IOException("the server closed a connection");
        }
        if (!answer.flip().equals(message.flip())) throw new IOException("the server answered something else");
    }

    /** Ends all, and waits until the server has. */
    @Override
    public void close() throws IOException {
        for (SocketChannel channel : channels) channel.shutdownOutput();
        for (SocketChannel channel : channels) {
            try (channel) {
                if (channel.read(ByteBuffer.allocate(1)) >= 0) throw new IOException("the server sent something");
            }
        }
    }
}
