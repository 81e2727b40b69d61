// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.function.Supplier;

/**
 * The idea behind weft in its barest form, as a yardstick for what the library around it costs: one virtual thread per
 * connection reads, and answers on the spot with writes that cannot park.
 */
final class TurnServer {
    /*
     * While the thread of a connection runs its turn nobody is inside a read, so the channel can be switched for the
     * writes: that takes a few locks and no system call. With platform threads as pollers (before JDK 22) it pays to
     * let the others run before the next read, which then finds its bytes; with virtual pollers that would starve them.
     */
    private static final boolean YIELDS = Runtime.version().feature() < 22;

    private static final int BUFFER = 16 * 1024;

    private final Supplier<Answer> answers;

    private TurnServer(Supplier<Answer> answers) {
        this.answers = answers;
    }

    public static void main(String[] words) throws Exception {
        TurnServer server = new TurnServer(behaviour(Arguments.parse(words)));
        ServerSocketChannel listener = ServerSocketChannel.open();
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), Arguments.BACKLOG);
        Thread.ofVirtual().start(() -> server.accept(listener));
        Control.serveOn(listener.socket().getLocalPort());
    }

    private static Supplier<Answer> behaviour(Arguments arguments) {
        return switch (arguments.scenario()) {
            case "echo", "connect", "idle" -> () -> SocketChannel::write;
            case "twowrites" -> () -> writesTwice(new Cutter(arguments.size()));
            default -> throw arguments.unknownScenario();
        };
    }

    private void accept(ServerSocketChannel listener) {
        try {
            for (; ; ) {
                SocketChannel channel = listener.accept(); // parks
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                Thread.ofVirtual().start(() -> serve(channel));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // the yield is what is tried here
    private void serve(SocketChannel channel) {
        Answer answer = answers.get();
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
        try (channel) {
            while (channel.read(buffer.clear()) >= 0) { // parks
                turn(channel, buffer.flip(), answer);
                if (YIELDS) Thread.yield();
            }
        } catch (IOException e) {
            System.out.println("connection lost: " + e);
        }
    }

    private static void turn(SocketChannel channel, ByteBuffer bytes, Answer answer) throws IOException {
        channel.configureBlocking(false);
        answer.write(channel, bytes);
        channel.configureBlocking(true);
        while (bytes.hasRemaining()) channel.write(bytes); // parks; the library has a writer for this
    }

    private static Answer writesTwice(Cutter cutter) {
        return (channel, bytes) -> {
            int end = bytes.limit();
            while (bytes.position() < end) {
                bytes.limit(bytes.position() + cutter.next(end - bytes.position()));
                channel.write(bytes);
                if (bytes.hasRemaining()) break; // the kernel is full: the rest goes in one piece
            }
            bytes.limit(end);
        };
    }

    /** What a turn writes: as much as the kernel takes. */
    @FunctionalInterface
    private interface Answer {
        void write(SocketChannel channel, ByteBuffer bytes) throws IOException;
    }
}
