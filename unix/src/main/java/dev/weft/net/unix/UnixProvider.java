// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import dev.weft.net.AbstractAddress;
import dev.weft.net.ServerOptions;
import dev.weft.net.spi.Acceptor;
import dev.weft.net.spi.Transport;
import dev.weft.net.spi.TransportProvider;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnsupportedAddressTypeException;

/** The module's entry. */
public final class UnixProvider implements TransportProvider {
    static final String PROTOCOL = "unix";

    /** For the service loader. */
    public UnixProvider() {}

    @Override
    public String protocol() {
        return PROTOCOL;
    }

    @Override
    public boolean supports(SocketAddress address) {
        return address instanceof UnixDomainSocketAddress
                || address instanceof AbstractAddress
                || address instanceof PassingAddress;
    }

    @Override
    public Transport open(SocketAddress remote) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        return remote instanceof PassingAddress ? new PassingTransport(channel) : new UnixTransport(channel);
    }

    @Override
    public Acceptor listen(SocketAddress local, ServerOptions options) throws IOException {
        boolean passing = local instanceof PassingAddress;
        if (passing) {
            Posix.require("passing descriptors"); // or each client would be accepted, and turned away
        }
        return switch (local instanceof PassingAddress address ? address.plain() : local) {
            case UnixDomainSocketAddress path -> PathAcceptor.listen(path, options, passing);
            case AbstractAddress name -> new UnixAcceptor(AbstractSocket.listen(name, options), name, passing);
            default -> throw new UnsupportedAddressTypeException();
        };
    }

    @Override
    public boolean adopts() {
        return true;
    }

    @Override
    public Acceptor adopt(int fd, ServerOptions options) throws IOException {
        return InheritedAcceptor.adopt(fd);
    }
}
