// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * A process that keeps a {@link FairServer} busy, with plain java.net and java.nio: many connections that send a
 * message as soon as the last one is back, and some that send, or take, without end.
 */
final class LoadGenerator {
    private static final int MESSAGE = 64;
    private static final int CHUNK = 256 << 10;

    private static final AtomicLong ECHOED = new AtomicLong();
    private static final AtomicLong SENT = new AtomicLong();
    private static final AtomicLong TAKEN = new AtomicLong();
    private static final Map<String, LongSupplier> COUNTS = Map.of(
            "echo",
            ECHOED::get,
            "sink",
            () -> SENT.get() / FairServer.CHUNK,
            "source",
            () -> TAKEN.get() / FairServer.CHUNK);

    private LoadGenerator() {}

    public static void main(String[] args) throws IOException {
        new Commands()
                .on("echo", portAndCount -> start(portAndCount, LoadGenerator::echo))
                .on("sink", portAndCount -> start(portAndCount, each(LoadGenerator::send)))
                .on("source", portAndCount -> start(portAndCount, each(LoadGenerator::take)))
                .on("count", kind -> Commands.say("counted " + COUNTS.get(kind).getAsLong()))
                .run();
    }

    private interface Load {
        void put(int port, int count) throws IOException;
    }

    private interface Transfer {
        void run(Socket socket) throws IOException;
    }

    private static void start(String portAndCount, Load load) {
        int blank = portAndCount.indexOf(' ');
        try {
            load.put(
                    Integer.parseInt(portAndCount.substring(0, blank)),
                    Integer.parseInt(portAndCount.substring(blank + 1)));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void run(String name, Transfer transfer, Socket socket) {
        Thread.ofPlatform().daemon().name(name).start(() -> {
            try {
                transfer.run(socket);
            } catch (IOException e) {
                Commands.say("failed " + e);
            }
        });
    }

    private static Load each(Transfer transfer) {
        return (port, count) -> {
            for (int i = 0; i < count; i++) {
                run("transfer", transfer, new Socket(InetAddress.getLoopbackAddress(), port));
            }
            Commands.say("started");
        };
    }

    private static void send(Socket socket) throws IOException {
        OutputStream output = socket.getOutputStream();
        for (byte[] chunk = new byte[CHUNK]; ; SENT.addAndGet(CHUNK)) {
            output.write(chunk);
        }
    }

    private static void take(Socket socket) throws IOException {
        InputStream input = socket.getInputStream();
        byte[] chunk = new byte[CHUNK];
        for (int n = input.read(chunk); n >= 0; n = input.read(chunk)) {
            TAKEN.addAndGet(n);
        }
    }

    /** All connect first, then all begin. */
    private static void echo(int port, int count) throws IOException {
        Selector selector = Selector.open();
        for (int i = 0; i < count; i++) {
            SocketChannel channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ, ByteBuffer.allocateDirect(MESSAGE));
        }
        Thread.ofPlatform().daemon().name("echo").start(() -> {
            try {
                for (SelectionKey key : selector.keys()) {
                    ((SocketChannel) key.channel()).write(((ByteBuffer) key.attachment()).duplicate());
                }
                Commands.say("started");
                while (true) {
                    selector.select(LoadGenerator::answer);
                }
            } catch (IOException e) {
                Commands.say("failed " + e);
            }
        });
    }

    private static void answer(SelectionKey key) {
        SocketChannel channel = (SocketChannel) key.channel();
        ByteBuffer message = (ByteBuffer) key.attachment();
        try {
            if (channel.read(message) < 0) {
                throw new IOException("ended");
            }
            if (!message.hasRemaining()) {
                ECHOED.incrementAndGet();
                channel.write(message.flip());
                message.clear();
            }
        } catch (IOException e) {
            key.cancel();
            Commands.say("failed " + e);
        }
    }
}
