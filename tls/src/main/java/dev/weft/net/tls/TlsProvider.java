// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import dev.weft.net.Credentials;
import dev.weft.net.spi.SecureTransport;
import dev.weft.net.spi.SecurityProvider;
import dev.weft.net.spi.Transport;
import java.net.InetSocketAddress;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** TLS; found by {@link java.util.ServiceLoader}. */
public final class TlsProvider implements SecurityProvider {
    /** The last ones that were made of nothing but options: {@code setSecure()} makes such ones for each stream. */
    private volatile @Nullable TlsCredentials anonymous;

    /** For {@link java.util.ServiceLoader}. */
    public TlsProvider() {}

    @Override
    public Credentials credentials(Credentials.Material material) {
        if (!isAnonymous(material)) {
            return new TlsCredentials(material);
        }
        TlsCredentials last = anonymous;
        if (last == null || !last.material().equals(material)) {
            last = new TlsCredentials(material);
            anonymous = last;
        }
        return last;
    }

    private static boolean isAnonymous(Credentials.Material material) {
        return material.key() == null
                && material.cert() == null
                && material.ca().isEmpty()
                && material.keyStore() == null
                && material.context() == null
                && material.names().isEmpty();
    }

    @Override
    public SecureTransport secure(
            Transport plain, Credentials credentials, boolean client, @Nullable String peerName, Runnable wantsFlush) {
        if (!(credentials.current() instanceof TlsCredentials ours)) {
            throw new IllegalArgumentException("these credentials were not built by weft-tls: " + credentials);
        }
        int port = plain.remoteAddress() instanceof InetSocketAddress inet ? inet.getPort() : -1;
        SSLEngine engine = client ? ours.clientEngine(peerName, port) : ours.serverEngine();
        try {
            engine.beginHandshake();
        } catch (SSLException e) {
            throw new IllegalArgumentException("no handshake is possible with these credentials: " + e.getMessage(), e);
        }
        return new TlsTransport(plain, engine, ours, wantsFlush);
    }
}
