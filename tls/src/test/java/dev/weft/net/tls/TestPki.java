// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import java.time.Duration;
import java.time.Instant;
import java.util.function.UnaryOperator;

/** Certificates for tests. */
final class TestPki {
    static final X509Bundle CA =
            issued(null, root -> root.subject("CN=weft test root").setIsCertificateAuthority(true));
    static final X509Bundle SERVER =
            issued(CA, leaf -> leaf.subject("CN=localhost").addSanDnsName("localhost"));

    private TestPki() {}

    static X509Bundle issued(X509Bundle issuer, UnaryOperator<CertificateBuilder> change) {
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
}
