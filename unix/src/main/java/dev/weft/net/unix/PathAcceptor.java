// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import dev.weft.net.ServerOptions;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;

/** A Unix socket that has made its file, and removes it. */
final class PathAcceptor extends UnixAcceptor {
    private final SocketFile file;
    private final AtomicBoolean closed = new AtomicBoolean();

    private PathAcceptor(
            ServerSocketChannel channel, UnixDomainSocketAddress address, SocketFile file, boolean passing) {
        super(channel, address, passing);
        this.file = file;
    }

    static PathAcceptor listen(UnixDomainSocketAddress address, ServerOptions options, boolean passing)
            throws IOException {
        SocketFile file = new SocketFile(address.getPath(), options);
        return new PathAcceptor(file.bind(), address, file, passing);
    }

    /** The file goes first: so it is never there with no one listening, for others to find it dead. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            file.remove();
            super.close();
        }
    }
}
