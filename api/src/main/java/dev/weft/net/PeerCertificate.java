// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

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
        X509Certificate certificate) {
    /** As OpenSSL prints it, the day padded with a blank. */
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern(
                    "MMM ppd HH:mm:ss yyyy 'GMT'", Locale.ENGLISH)
            .withZone(ZoneOffset.UTC);

    /**
     * {@return the document's dictionary: {@code subject}, {@code issuer}, {@code valid_from}, {@code valid_to} and, as Node
     * has it, {@code fingerprint}, in this order; dates such as {@code Nov 11 09:52:22 2009 GMT}}
     */
    public Map<String, String> toMap() {
        Map<String, String> map = new LinkedHashMap<>();
        map.put("subject", subject);
        map.put("issuer", issuer);
        map.put("valid_from", DATE.format(validFrom));
        map.put("valid_to", DATE.format(validTo));
        map.put("fingerprint", fingerprint);
        return Collections.unmodifiableMap(map);
    }
}
