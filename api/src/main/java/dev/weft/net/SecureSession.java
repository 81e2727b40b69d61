// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the handshake of a secured stream has come to, see {@link Stream#secureSession()}.
 *
 * @param protocol the version, such as {@code "TLSv1.3"}
 * @param cipher the cipher suite, such as {@code "TLS_AES_128_GCM_SHA256"}
 * @param applicationProtocol what ALPN has chosen, or null
 * @param serverName the name that the client has asked the server for, or null
 * @param peerCertificates the certificate that the peer has shown and its chain, as it was sent; empty if it has shown none
 * @param verificationError why {@link Stream#verifyPeer()} is false, or null if it is true
 * @since 0.1
 */
public record SecureSession(
        String protocol,
        String cipher,
        @Nullable String applicationProtocol,
        @Nullable String serverName,
        List<X509Certificate> peerCertificates,
        @Nullable String verificationError) {
    /** Keeps its own copy of the list. */
    public SecureSession {
        peerCertificates = List.copyOf(peerCertificates);
    }
}
