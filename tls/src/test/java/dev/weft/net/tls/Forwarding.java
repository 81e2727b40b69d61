// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;

/** A transport that is another one, but for what a subclass changes. */
abstract class Forwarding implements Transport {
    private final Transport to;

    Forwarding(Transport to) {
        this.to = to;
    }

    @Override
    public String protocol() {
        return to.protocol();
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        return to.read(target);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        return to.write(source);
    }

    @Override
    public long write(ByteBuffer[] sources, int count) throws IOException {
        return to.write(sources, count);
    }

    @Override
    public boolean flush() throws IOException {
        return to.flush();
    }

    @Override
    public void configureBlocking(boolean block) throws IOException {
        to.configureBlocking(block);
    }

    @Override
    public void shutdownOutput() throws IOException {
        to.shutdownOutput();
    }

    @Override
    public SocketAddress localAddress() {
        return to.localAddress();
    }

    @Override
    public SocketAddress remoteAddress() {
        return to.remoteAddress();
    }

    @Override
    public <T> boolean setOption(SocketOption<T> option, T value) throws IOException {
        return to.setOption(option, value);
    }

    @Override
    public void close() {
        to.close();
    }

    @Override
    public void reset() {
        to.reset();
    }
}
