// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import java.security.cert.X509Certificate;
import java.time.Instant;

/**
 * The certificate that the peer of a secured stream has shown ({@code net-api.txt}, stream.getPeerCertificate).
 *
 * @param subject whom it names, as {@code /C=UK/O=node.js/CN=localhost}
 * @param issuer who signed it, in the same form
 * @param validFrom the first moment of its validity
 * @param validTo the last moment of its validity
 * @param fingerprint SHA-1 of the encoded certificate, upper-case hexadecimal bytes with colons between them
 * @param certificate the certificate itself
 * @since 0.1
 */
public record PeerCertificate(
        String subject,
        String issuer,
        Instant validFrom,
        Instant validTo,
        String fingerprint,
        X509Certificate certificate) {}
