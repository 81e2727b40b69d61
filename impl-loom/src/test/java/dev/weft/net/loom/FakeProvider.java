// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.ServerOptions;
import dev.weft.net.loom.FakeTransport.Gate;
import dev.weft.net.spi.Acceptor;
import dev.weft.net.spi.Transport;
import dev.weft.net.spi.TransportProvider;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Opens the transports that a test has laid out for each address. */
final class FakeProvider implements TransportProvider {
    private final Map<SocketAddress, Transport> transports = new ConcurrentHashMap<>();
    private volatile Gate gate;
    private volatile Exception failure;

    FakeProvider at(SocketAddress address, Transport transport) {
        transports.put(address, transport);
        return this;
    }

    /** Opening is held up, before there is a transport. */
    Gate holdOpen() {
        gate = new Gate();
        return gate;
    }

    void failsWith(Exception cause) {
        failure = cause;
    }

    @Override
    public String protocol() {
        return "tcp";
    }

    @Override
    public boolean supports(SocketAddress address) {
        return transports.containsKey(address);
    }

    @Override
    public Transport open(SocketAddress remote) throws IOException {
        Gate held = gate;
        if (held != null) {
            held.pass();
        }
        return switch (failure) {
            case IOException cause -> throw cause;
            case RuntimeException cause -> throw cause;
            case null, default -> transports.get(remote);
        };
    }

    @Override
    public Acceptor listen(SocketAddress local, ServerOptions options) throws IOException {
        throw new IOException("a fake provider does not listen");
    }
}
