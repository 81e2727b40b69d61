// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * The other end of a connection, spoken to with a plain channel on the test's own thread, so that the test decides what it
 * does and when. Every wait but that of {@link #send(byte[])} is bounded.
 */
public final class Peer implements AutoCloseable {
    private final SocketChannel channel;
    private final Selector readable;
    private final Selector writable;
    private final int localPort;
    private final int remotePort;

    /** Over a connected channel. */
    Peer(SocketChannel channel) throws IOException {
        this.channel = channel;
        localPort = port(channel.getLocalAddress());
        remotePort = port(channel.getRemoteAddress());
        channel.configureBlocking(false);
        readable = selector(SelectionKey.OP_READ);
        writable = selector(SelectionKey.OP_WRITE);
    }

    private Selector selector(int operation) throws IOException {
        Selector selector = channel.provider().openSelector();
        channel.register(selector, operation);
        return selector;
    }

    private static int port(SocketAddress address) {
        return address instanceof InetSocketAddress inet ? inet.getPort() : 0;
    }

    /** {@return our port, 0 if there are none} */
    public int localPort() {
        return localPort;
    }

    /** {@return the port of the stream, 0 if there are none} */
    public int remotePort() {
        return remotePort;
    }

    /** Sends text as UTF-8. */
    public Peer send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends bytes; parks if the stream does not read. */
    public Peer send(byte[] bytes) throws IOException {
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        while (rest.hasRemaining()) {
            if (channel.write(rest) == 0) {
                select(writable, 0);
            }
        }
        return this;
    }

    /** Sends FIN. */
    public Peer finish() throws IOException {
        channel.shutdownOutput();
        return this;
    }

    /** Sends RST. */
    public void reset() throws IOException {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        close();
    }

    /** {@return so many bytes} */
    public byte[] read(int length) throws IOException {
        byte[] bytes = new byte[length];
        int got = 0;
        while (got < length) {
            int n = read(bytes, got, length - got, length + " bytes, but only " + got);
            if (n < 0) {
                throw new AssertionError("the stream has ended after " + got + " of " + length + " bytes");
            }
            got += n;
        }
        return bytes;
    }

    /** {@return the text of so many bytes} */
    public String readText(int length) throws IOException {
        return new String(read(length), StandardCharsets.UTF_8);
    }

    /** {@return what comes until FIN} */
    public byte[] readToEnd() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] some = new byte[64 << 10];
        for (int n = 0; n >= 0; n = read(some, 0, some.length, "FIN, but " + all.size() + " bytes")) {
            all.write(some, 0, n);
        }
        return all.toByteArray();
    }

    /** {@return the text of what comes until FIN} */
    public String readTextToEnd() throws IOException {
        return new String(readToEnd(), StandardCharsets.UTF_8);
    }

    /** Reads until the connection fails, as it does after RST. */
    public IOException readToFailure() {
        byte[] some = new byte[64 << 10];
        try {
            for (int n = 0; n >= 0; ) {
                n = read(some, 0, some.length, "a reset");
            }
        } catch (IOException e) {
            return e;
        }
        throw new AssertionError("the stream has ended cleanly, not with a reset");
    }

    /** Whether something can be read at this moment, or it has ended. */
    public boolean hasInput() throws IOException {
        return readable.selectNow(key -> {}) > 0;
    }

    private int read(byte[] target, int offset, int length, String what) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(target, offset, length);
        long deadline = System.nanoTime() + Await.LIMIT.toNanos();
        for (; ; ) {
            int n = channel.read(buffer);
            if (n != 0) {
                return n;
            }
            long millis = (deadline - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                throw new AssertionError(
                        "not within " + Await.LIMIT.toSeconds() + " s: the peer of the stream reads " + what);
            }
            select(readable, millis);
        }
    }

    private static void select(Selector selector, long millis) throws IOException {
        try {
            int unused = selector.select(key -> {}, millis);
        } catch (ClosedSelectorException e) {
            throw (ClosedChannelException) new ClosedChannelException().initCause(e);
        }
    }

    @Override
    public void close() throws IOException {
        try (readable;
                writable) {
            channel.close();
        }
    }
}
