// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import dev.weft.net.loom.channel.ChannelAcceptor;
import dev.weft.net.spi.Acceptor;
import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.ServerSocketChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A descriptor that another process has bound and made listen. It stays open, though a channel stands in for it, until the
 * server is closed: so its number is not given to something else meanwhile.
 */
final class InheritedAcceptor implements Acceptor {
    private static final Set<Integer> TAKEN = ConcurrentHashMap.newKeySet();

    private final int fd;
    private final Acceptor promoted;
    private final AtomicBoolean closed = new AtomicBoolean();

    private InheritedAcceptor(int fd, Acceptor promoted) {
        this.fd = fd;
        this.promoted = promoted;
    }

    /**
     * Takes the descriptor over.
     *
     * @throws IOException if it is not fit for that; it is left open then
     */
    static InheritedAcceptor adopt(int fd) throws IOException {
        Posix.require("listenFD");
        if (!TAKEN.add(fd)) {
            throw new SocketException("another server of this process has this descriptor already");
        }
        try {
            requireListeningStream(fd);
            SocketAddress address = RawAddress.of(fd);
            ServerSocketChannel channel = Promotion.listener(fd, RawAddress.family(fd));
            return new InheritedAcceptor(
                    fd,
                    address instanceof InetSocketAddress
                            ? new ChannelAcceptor(channel, "tcp", address)
                            : new UnixAcceptor(channel, address, false));
        } catch (IOException | RuntimeException | Error e) {
            TAKEN.remove(fd);
            throw e;
        }
    }

    private static void requireListeningStream(int fd) throws IOException {
        try {
            if (Posix.option(fd, Posix.SOL_SOCKET, Posix.SO_TYPE) != Posix.SOCK_STREAM) {
                throw new SocketException("the descriptor is a socket, but not a stream socket");
            }
            if (Posix.option(fd, Posix.SOL_SOCKET, Posix.SO_ACCEPTCONN) == 0) {
                throw new SocketException(
                        "the descriptor is a socket that does not listen: bind(2) and listen(2) must have been called on it");
            }
        } catch (Posix.Failure e) {
            throw switch (e.errno()) {
                case Posix.EBADF -> new SocketException("the descriptor is not open");
                case Posix.ENOTSOCK -> new SocketException("the descriptor is not a socket");
                default -> e;
            };
        }
    }

    @Override
    public String protocol() {
        return promoted.protocol();
    }

    @Override
    public SocketAddress address() {
        return promoted.address();
    }

    @Override
    public Transport accept() throws IOException {
        return promoted.accept(); // parks
    }

    @Override
    public boolean isOpen() {
        return promoted.isOpen();
    }

    /** The channel goes last: when its accept has returned, the server may tell close, and another one take the address. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            try {
                Posix.close(fd);
            } catch (Posix.Failure e) {
                System.getLogger("dev.weft.net").log(Level.DEBUG, "closing " + address(), e);
            } finally {
                TAKEN.remove(fd);
                promoted.close();
            }
        }
    }
}
