// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * The floor of a thread per connection: the JDK's channels, one virtual thread for each, that reads and writes and parks
 * in both. It cannot do more than one thing at a time, which is what a library is for.
 */
final class JdkPlainServer {
    private JdkPlainServer() {}

    public static void main(String[] words) throws Exception {
        Behaviour behaviour = behaviour(Arguments.parse(words));
        ServerSocketChannel listener = ServerSocketChannel.open();
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), Arguments.BACKLOG);
        Thread.ofVirtual().start(() -> accept(listener, behaviour));
        Control.serveOn(listener.socket().getLocalPort());
    }

    private static Behaviour behaviour(Arguments arguments) {
        return switch (arguments.scenario()) {
            case "echo", "connect", "idle" -> JdkPlainServer::echo;
            case "upload" -> JdkPlainServer::upload;
            case "download", "duplex" -> JdkPlainServer::download;
            default -> throw arguments.unknownScenario();
        };
    }

    private static void accept(ServerSocketChannel listener, Behaviour behaviour) {
        try {
            for (; ; ) {
                SocketChannel channel = listener.accept();
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                Thread.ofVirtual().start(() -> serve(channel, behaviour));
            }
        } catch (IOException e) {
            System.out.println("accept: " + e);
        }
    }

    private static void serve(SocketChannel channel, Behaviour behaviour) {
        try (channel) {
            behaviour.serve(channel);
        } catch (IOException e) {
            System.out.println("connection lost: " + e);
        }
    }

    private static void echo(SocketChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(16 * 1024);
        while (channel.read(buffer.clear()) >= 0) {
            buffer.flip();
            while (buffer.hasRemaining()) channel.write(buffer);
        }
    }

    private static void upload(SocketChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(Chunk.SIZE);
        while (channel.read(buffer.clear()) >= 0) {
            // dropped
        }
    }

    /** Another thread reads, and ends the writing when the client has. */
    private static void download(SocketChannel channel) throws IOException {
        Thread.ofVirtual().start(() -> serve(channel, JdkPlainServer::upload));
        ByteBuffer chunk = Chunk.direct();
        try {
            for (; ; ) {
                for (chunk.rewind(); chunk.hasRemaining(); ) channel.write(chunk);
            }
        } catch (ClosedChannelException e) {
            // the other thread has closed it
        }
    }

    /** What the thread of a connection does with it, until the client ends. */
    @FunctionalInterface
    private interface Behaviour {
        void serve(SocketChannel channel) throws IOException;
    }
}
