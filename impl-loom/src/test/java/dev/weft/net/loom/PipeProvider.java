// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.ServerOptions;
import dev.weft.net.spi.Acceptor;
import dev.weft.net.spi.Transport;
import dev.weft.net.spi.TransportProvider;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;

/**
 * Pipes for everyone who finds this class in META-INF/services: at {@link PipeAddress}es, and, since the public API takes
 * paths and no addresses, at Unix addresses below {@code /pipe/}.
 */
public final class PipeProvider implements TransportProvider {
    /** For the service loader. */
    public PipeProvider() {}

    @Override
    public String protocol() {
        return "pipe";
    }

    @Override
    public boolean supports(SocketAddress address) {
        return address instanceof PipeAddress
                || (address instanceof UnixDomainSocketAddress unix
                        && unix.getPath().startsWith("/pipe"));
    }

    @Override
    public Transport open(SocketAddress remote) {
        return PipeNetwork.open();
    }

    @Override
    public Acceptor listen(SocketAddress local, ServerOptions options) throws IOException {
        return PipeNetwork.listen(local);
    }
}
