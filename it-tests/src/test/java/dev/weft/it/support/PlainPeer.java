// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** A peer that speaks plain bytes, over a channel of any kind. */
final class PlainPeer extends Peer {
    private final SocketChannel channel;
    private final Selector readable;
    private final Selector writable;
    private final int localPort;
    private final int remotePort;

    /** Over a connected channel. */
    PlainPeer(SocketChannel channel) throws IOException {
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

    @Override
    public int localPort() {
        return localPort;
    }

    @Override
    public int remotePort() {
        return remotePort;
    }

    @Override
    public Peer send(byte[] bytes) throws IOException {
        return send(bytes, 0, bytes.length);
    }

    PlainPeer send(byte[] bytes, int offset, int length) throws IOException {
        ByteBuffer rest = ByteBuffer.wrap(bytes, offset, length);
        while (rest.hasRemaining()) {
            if (channel.write(rest) == 0) {
                select(writable, 0);
            }
        }
        return this;
    }

    @Override
    public Peer finish() throws IOException {
        channel.shutdownOutput();
        return this;
    }

    @Override
    public void reset() throws IOException {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        close();
    }

    @Override
    public boolean hasInput() throws IOException {
        return channel.isOpen() && readable.selectNow(key -> {}) > 0;
    }

    @Override
    int read(byte[] target, int offset, int length, String what) throws IOException {
        try {
            return readWithin(Await.LIMIT.toMillis(), target, offset, length);
        } catch (SocketTimeoutException e) {
            throw tooLate(what);
        }
    }

    int readWithin(long limitMillis, byte[] target, int offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(target, offset, length);
        long deadline = System.nanoTime() + limitMillis * 1_000_000;
        for (; ; ) {
            int n = channel.read(buffer);
            if (n != 0 || length == 0) {
                return n;
            }
            long millis = (deadline - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                throw new SocketTimeoutException("nothing to read within " + limitMillis + " ms");
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
