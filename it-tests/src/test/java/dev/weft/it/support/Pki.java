// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import dev.weft.net.Credentials;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.function.UnaryOperator;

/** Certificates for tests, made once for a JVM. */
public final class Pki {
    /** A root that nobody knows but those who are given it. */
    public static final X509Bundle CA = issued(null, ca("CN=weft test root"));

    /** Another one. */
    public static final X509Bundle OTHER_CA = issued(null, ca("CN=another root"));

    /** A server that is {@code localhost}, {@code 127.0.0.1} and {@code ::1}. */
    public static final X509Bundle SERVER = issued(CA, server());

    /** A client. */
    public static final X509Bundle CLIENT =
            issued(CA, leaf -> leaf.subject("CN=a client, O=weft").addExtendedKeyUsageClientAuth());

    private Pki() {}

    private static UnaryOperator<CertificateBuilder> ca(String name) {
        return builder -> builder.subject(name)
                .setIsCertificateAuthority(true)
                .setKeyUsage(
                        true, CertificateBuilder.KeyUsage.keyCertSign, CertificateBuilder.KeyUsage.digitalSignature);
    }

    /** What {@link #SERVER} is made of. */
    public static UnaryOperator<CertificateBuilder> server() {
        return leaf -> leaf.subject("CN=localhost, O=weft")
                .addSanDnsName("localhost")
                .addSanIpAddress("127.0.0.1")
                .addSanIpAddress("::1")
                .addExtendedKeyUsageServerAuth();
    }

    /** A server with a name of its own, which may be a wildcard. */
    public static X509Bundle server(String name) {
        // The builder's own method takes no wildcards: this is SEQUENCE { dNSName } (RFC 5280 4.2.1.6).
        byte[] ascii = name.getBytes(StandardCharsets.US_ASCII);
        byte[] names = ByteBuffer.allocate(4 + ascii.length)
                .put((byte) 0x30)
                .put((byte) (2 + ascii.length))
                .put((byte) 0x82)
                .put((byte) ascii.length)
                .put(ascii)
                .array();
        return issued(
                CA,
                leaf -> leaf.subject("CN=" + name)
                        .addExtensionOctetString("2.5.29.17", false, names)
                        .addExtendedKeyUsageServerAuth());
    }

    /** A certificate of the issuer's, or a self-signed one. */
    public static X509Bundle issued(X509Bundle issuer, UnaryOperator<CertificateBuilder> change) {
        try {
            Instant now = Instant.now();
            CertificateBuilder builder = change.apply(new CertificateBuilder()
                    .algorithm(Algorithm.ecp256)
                    .notBefore(now.minus(Duration.ofDays(1)))
                    .notAfter(now.plus(Duration.ofDays(1))));
            return issuer == null ? builder.buildSelfSigned() : builder.buildIssuedBy(issuer);
        } catch (Exception e) {
            throw new AssertionError("cannot make a certificate", e);
        }
    }

    /** Credentials in the making, with a key and its chain. */
    public static Credentials.Builder keyOf(X509Bundle bundle) {
        return Credentials.builder().key(bundle.getPrivateKeyPEM()).cert(bundle.getCertificatePathPEM());
    }

    /** Credentials in the making that trust {@link #CA}. */
    public static Credentials.Builder trusting() {
        return Credentials.builder().ca(CA.getCertificatePEM());
    }

    /** Writes a file in a directory, for a program. */
    public static String file(Path directory, String name, String pem) {
        try {
            return Files.writeString(directory.resolve(name), pem).toString();
        } catch (IOException e) {
            throw new AssertionError("cannot write " + name, e);
        }
    }
}
