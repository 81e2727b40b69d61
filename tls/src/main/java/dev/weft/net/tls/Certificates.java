// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

/** Certificates from PEM. */
final class Certificates {
    private Certificates() {}

    /**
     * @return one or more, in the order of the text
     * @throws IllegalArgumentException if there is none, or one of them cannot be read
     */
    static List<X509Certificate> of(String pem) {
        List<Pem.Block> blocks = Pem.blocks(pem);
        List<X509Certificate> certificates = new ArrayList<>();
        for (Pem.Block block : blocks) {
            if (block.label().equals("CERTIFICATE") || block.label().equals("X509 CERTIFICATE")) {
                certificates.add(decode(block.bytes(), certificates.size() + 1));
            }
        }
        if (certificates.isEmpty()) {
            throw new IllegalArgumentException("there is no CERTIFICATE in it, only " + Pem.labels(blocks));
        }
        return certificates;
    }

    private static X509Certificate decode(byte[] der, int number) {
        try {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
        } catch (CertificateException e) {
            throw new IllegalArgumentException("certificate " + number + " is broken: " + e.getMessage(), e);
        }
    }
}
