// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.Credentials;
import dev.weft.net.spi.SecureTransport;
import dev.weft.net.spi.SecurityProvider;
import dev.weft.net.spi.Transport;

/** Toy security for everyone who finds this class in META-INF/services. */
public final class ToyProvider implements SecurityProvider {
    /** For the service loader. */
    public ToyProvider() {}

    @Override
    public Credentials credentials(Credentials.Material material) {
        return ToySecurity.credentials();
    }

    @Override
    public SecureTransport secure(
            Transport plain, Credentials credentials, boolean client, String peerName, Runnable wantsFlush) {
        return ToySecurity.secure(plain, credentials, client, peerName, wantsFlush);
    }
}
