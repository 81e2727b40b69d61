// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;

/** Any transport, watched by a {@link ThreadingContract}. */
class CheckedTransport implements Transport, Modal {
    private final Transport delegate;
    private final ThreadingContract contract;
    private volatile boolean blocking = true;

    CheckedTransport(Transport delegate) {
        this.delegate = delegate;
        this.contract = new ThreadingContract(delegate.protocol());
    }

    @Override
    public boolean isBlocking() {
        return blocking;
    }

    @Override
    public String protocol() {
        return delegate.protocol();
    }

    @Override
    public void connect(SocketAddress remote) throws IOException {
        delegate.connect(remote);
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        contract.beginRead(target.remaining());
        try {
            return delegate.read(target);
        } finally {
            contract.endRead();
        }
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        contract.beginWrite(source.remaining());
        try {
            return delegate.write(source);
        } finally {
            contract.endWrite();
        }
    }

    @Override
    public long write(ByteBuffer[] sources, int count) throws IOException {
        contract.beginWrite(sources[0].remaining());
        try {
            return delegate.write(sources, count);
        } finally {
            contract.endWrite();
        }
    }

    @Override
    public boolean flush() throws IOException {
        contract.beginFlush();
        try {
            return delegate.flush();
        } finally {
            contract.endWrite();
        }
    }

    @Override
    public void configureBlocking(boolean block) throws IOException {
        contract.configureBlocking(block);
        delegate.configureBlocking(block);
        blocking = block;
    }

    @Override
    public void finishOutput() throws IOException {
        contract.finishOutput();
        delegate.finishOutput();
    }

    @Override
    public void shutdownOutput() throws IOException {
        contract.shutdownOutput();
        delegate.shutdownOutput();
    }

    @Override
    public SocketAddress localAddress() {
        return delegate.localAddress();
    }

    @Override
    public SocketAddress remoteAddress() {
        return delegate.remoteAddress();
    }

    @Override
    public <T> boolean setOption(SocketOption<T> option, T value) throws IOException {
        return delegate.setOption(option, value);
    }

    @Override
    public void close() {
        delegate.close();
    }

    @Override
    public void reset() {
        delegate.reset();
    }
}
