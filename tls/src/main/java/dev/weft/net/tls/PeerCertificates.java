// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import dev.weft.net.PeerCertificate;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.Map;
import javax.security.auth.x500.X500Principal;

/** Certificates as the document, and so OpenSSL's {@code X509_NAME_oneline}, writes them. */
final class PeerCertificates {
    private static final HexFormat COLONS = HexFormat.ofDelimiter(":").withUpperCase();

    /** OpenSSL's short names (its objects.txt). Others stand as dotted numbers. */
    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("2.5.4.3", "CN"),
            Map.entry("2.5.4.4", "SN"),
            Map.entry("2.5.4.5", "serialNumber"),
            Map.entry("2.5.4.6", "C"),
            Map.entry("2.5.4.7", "L"),
            Map.entry("2.5.4.8", "ST"),
            Map.entry("2.5.4.9", "street"),
            Map.entry("2.5.4.10", "O"),
            Map.entry("2.5.4.11", "OU"),
            Map.entry("2.5.4.12", "title"),
            Map.entry("2.5.4.13", "description"),
            Map.entry("2.5.4.15", "businessCategory"),
            Map.entry("2.5.4.17", "postalCode"),
            Map.entry("2.5.4.41", "name"),
            Map.entry("2.5.4.42", "GN"),
            Map.entry("2.5.4.43", "initials"),
            Map.entry("2.5.4.44", "generationQualifier"),
            Map.entry("2.5.4.46", "dnQualifier"),
            Map.entry("2.5.4.65", "pseudonym"),
            Map.entry("2.5.4.97", "organizationIdentifier"),
            Map.entry("0.9.2342.19200300.100.1.1", "UID"),
            Map.entry("0.9.2342.19200300.100.1.25", "DC"),
            Map.entry("1.2.840.113549.1.9.1", "emailAddress"),
            Map.entry("1.2.840.113549.1.9.2", "unstructuredName"),
            Map.entry("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL"),
            Map.entry("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST"),
            Map.entry("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC"));

    private PeerCertificates() {}

    static PeerCertificate of(X509Certificate certificate) {
        return new PeerCertificate(
                oneline(certificate.getSubjectX500Principal()),
                oneline(certificate.getIssuerX500Principal()),
                certificate.getNotBefore().toInstant(),
                certificate.getNotAfter().toInstant(),
                fingerprint(certificate),
                certificate);
    }

    private static String fingerprint(X509Certificate certificate) {
        try {
            return COLONS.formatHex(MessageDigest.getInstance("SHA-1").digest(certificate.getEncoded()));
        } catch (NoSuchAlgorithmException | CertificateEncodingException e) {
            throw new IllegalStateException("every JDK has SHA-1, and a certificate that was read has an encoding", e);
        }
    }

    static String oneline(X500Principal name) {
        StringBuilder text = new StringBuilder();
        Der relativeNames = new Der(name.getEncoded()).next(Der.SEQUENCE).inside();
        while (relativeNames.hasNext()) {
            Der attributes = relativeNames.next(Der.SET).inside();
            for (char separator = '/'; attributes.hasNext(); separator = '+') {
                Der attribute = attributes.next(Der.SEQUENCE).inside();
                String oid = attribute.next(Der.OID).oid();
                text.append(separator).append(NAMES.getOrDefault(oid, oid)).append('=');
                appendValue(text, attribute.next());
            }
        }
        return text.toString();
    }

    private static void appendValue(StringBuilder text, Der.Value value) {
        boolean wide = value.tag() == Der.BMP_STRING || value.tag() == Der.UNIVERSAL_STRING;
        for (byte b : value.content()) {
            if (b == 0 && wide) {
                continue;
            }
            if (b < ' ' || b > '~') {
                text.append("\\x").append(HexFormat.of().withUpperCase().toHexDigits(b));
            } else {
                text.append(b == '/' || b == '+' ? "\\" : "").append((char) b);
            }
        }
    }
}
