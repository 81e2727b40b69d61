// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.List;

/**
 * A private key and the certificates that go with it.
 *
 * @param chain the key's own, then each one's issuer
 */
record Identity(PrivateKey key, List<X509Certificate> chain) {
    /**
     * @throws IllegalArgumentException if they do not belong together, are out of order or out of date
     */
    Identity {
        X509Certificate own = chain.getFirst();
        if (!fit(key, own.getPublicKey())) {
            boolean later = chain.stream().anyMatch(other -> fit(key, other.getPublicKey()));
            throw new IllegalArgumentException(
                    later
                            ? "cert: the key's own certificate must come first, and " + name(own) + " does"
                            : "cert: the certificate of " + name(own) + " is not that of the key");
        }
        for (int i = 1; i < chain.size(); i++) {
            if (!hasIssued(chain.get(i), chain.get(i - 1))) {
                throw new IllegalArgumentException("cert: after the certificate of " + name(chain.get(i - 1))
                        + " that of its issuer must come (" + chain.get(i - 1).getIssuerX500Principal() + "), and "
                        + name(chain.get(i)) + " does");
            }
        }
        for (X509Certificate certificate : chain) {
            requireValidNow(certificate);
        }
    }

    X509Certificate[] chainArray() {
        return chain.toArray(X509Certificate[]::new);
    }

    private static String name(X509Certificate certificate) {
        return certificate.getSubjectX500Principal().toString();
    }

    private static void requireValidNow(X509Certificate certificate) {
        try {
            certificate.checkValidity();
        } catch (CertificateExpiredException e) {
            throw new IllegalArgumentException(
                    "cert: the certificate of " + name(certificate) + " has expired at "
                            + certificate.getNotAfter().toInstant(),
                    e);
        } catch (CertificateNotYetValidException e) {
            throw new IllegalArgumentException(
                    "cert: the certificate of " + name(certificate) + " is not valid before "
                            + certificate.getNotBefore().toInstant(),
                    e);
        }
    }

    private static boolean hasIssued(X509Certificate issuer, X509Certificate certificate) {
        if (!issuer.getSubjectX500Principal().equals(certificate.getIssuerX500Principal())) {
            return false;
        }
        try {
            certificate.verify(issuer.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /** Whether what one signs the other verifies. */
    private static boolean fit(PrivateKey privateKey, PublicKey publicKey) {
        try {
            Signature signature = signature(privateKey);
            byte[] probe = {1, 2, 3};
            signature.initSign(privateKey);
            signature.update(probe);
            byte[] signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(probe);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static Signature signature(PrivateKey key) throws GeneralSecurityException {
        return switch (key.getAlgorithm()) {
            case "EC" -> Signature.getInstance("SHA256withECDSA");
            case "EdDSA", "Ed25519", "Ed448" -> Signature.getInstance("EdDSA");
            case "RSASSA-PSS" -> {
                Signature pss = Signature.getInstance("RSASSA-PSS");
                pss.setParameter(
                        key instanceof RSAKey rsa && rsa.getParams() instanceof PSSParameterSpec own
                                ? own
                                : new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1));
                yield pss;
            }
            default -> Signature.getInstance("SHA256with" + key.getAlgorithm());
        };
    }
}
