// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import dev.weft.net.spi.Transport;
import java.net.SocketAddress;
import java.net.SocketOption;

/** Is connected from the beginning, and has no addresses and no options. */
abstract class ConnectedTransport implements Transport {
    @Override
    public void connect(SocketAddress remote) {
        throw new IllegalStateException("connected already");
    }

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
}
