// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;

/** Takes everything, and gives what a test says. */
abstract class ScriptedTransport implements Transport {
    @Override
    public int write(ByteBuffer source) throws IOException {
        int n = source.remaining();
        source.position(source.limit());
        return n;
    }

    @Override
    public long write(ByteBuffer[] sources, int count) {
        throw new AssertionError("records are written one at a time");
    }

    @Override
    public void configureBlocking(boolean block) {}

    @Override
    public void shutdownOutput() {}

    @Override
    public String protocol() {
        return "silent";
    }

    @Override
    public void connect(SocketAddress remote) {}

    @Override
    public SocketAddress localAddress() {
        return null;
    }

    @Override
    public SocketAddress remoteAddress() {
        return null;
    }

    @Override
    public <T> boolean setOption(SocketOption<T> option, T value) {
        return false;
    }

    @Override
    public void close() {}

    @Override
    public void reset() {}
}
