// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.AbstractAddress;
import dev.weft.net.spi.TransportProvider;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Predicate;

/** The transports that were found when this class was first used. */
final class Providers {
    private static final TransportProvider TCP = new TcpProvider();
    private static final List<TransportProvider> OTHERS = load();

    private Providers() {}

    /**
     * @throws UnsupportedOperationException if there is none, with the artifact to add
     */
    static TransportProvider of(SocketAddress address) {
        return address instanceof InetSocketAddress ? TCP : find(p -> p.supports(address), kind(address));
    }

    /**
     * @throws UnsupportedOperationException if there is none, with the artifact to add
     */
    static TransportProvider adopting() {
        return find(TransportProvider::adopts, "listenFD");
    }

    private static String kind(SocketAddress address) {
        boolean unix = address instanceof UnixDomainSocketAddress || address instanceof AbstractAddress;
        return unix ? "a Unix socket" : address.getClass().getName();
    }

    private static TransportProvider find(Predicate<TransportProvider> fits, String what) {
        return OTHERS.stream()
                .filter(fits)
                .findFirst()
                .orElseThrow(() -> new UnsupportedOperationException(
                        what + " needs dev.weft:weft-unix on the class or module path"));
    }

    private static List<TransportProvider> load() {
        return ServiceLoader.load(TransportProvider.class, Providers.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
    }
}
