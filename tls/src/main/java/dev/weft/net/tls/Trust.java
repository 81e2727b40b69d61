// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Whom we trust. The handshake passes with anyone (unless it is to reject), and afterwards the peer's certificates are looked
 * at, each time: a session that is resumed shows its certificates to no one in the handshake.
 */
final class Trust extends X509ExtendedTrustManager {
    private static final String NO_CERTIFICATE = "the peer has shown no certificate";

    /** The JDK's name for the way of authentication in TLS 1.3, where it no longer depends on the cipher suite. */
    private static final String ANY_AUTHENTICATION = "UNKNOWN";

    private final X509ExtendedTrustManager roots;
    private final boolean rejectInHandshake;

    private Trust(X509ExtendedTrustManager roots, boolean rejectInHandshake) {
        this.roots = roots;
        this.rejectInHandshake = rejectInHandshake;
    }

    /**
     * @param roots empty for the platform's
     */
    static Trust in(List<X509Certificate> roots, boolean rejectInHandshake) {
        try {
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(roots.isEmpty() ? null : store(roots));
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509ExtendedTrustManager found) {
                    return new Trust(found, rejectInHandshake);
                }
            }
            throw new IllegalArgumentException("this platform has no X509ExtendedTrustManager");
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("the trusted certificates cannot be loaded: " + e.getMessage(), e);
        }
    }

    private static KeyStore store(List<X509Certificate> roots) throws GeneralSecurityException {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            for (int i = 0; i < roots.size(); i++) {
                store.setCertificateEntry(Integer.toString(i), roots.get(i));
            }
            return store;
        } catch (java.io.IOException e) {
            throw new IllegalStateException("an empty store needs no reading", e);
        }
    }

    /** Why the peer is not trusted, or null if it is. The handshake has succeeded. */
    @Nullable
    String verificationError(SSLEngine engine) {
        try {
            X509Certificate[] chain = chain(engine);
            if (engine.getUseClientMode()) {
                roots.checkServerTrusted(chain, ANY_AUTHENTICATION, new FinishedHandshake(engine));
            } else {
                roots.checkClientTrusted(chain, chain[0].getPublicKey().getAlgorithm(), new FinishedHandshake(engine));
            }
            return null;
        } catch (SSLPeerUnverifiedException e) {
            return NO_CERTIFICATE;
        } catch (CertificateException e) {
            return reason(e);
        }
    }

    /** The same where the handshake itself has looked at what was shown. */
    static @Nullable String shownCertificateError(SSLEngine engine) {
        try {
            return chain(engine).length == 0 ? NO_CERTIFICATE : null;
        } catch (SSLPeerUnverifiedException e) {
            return NO_CERTIFICATE;
        }
    }

    private static X509Certificate[] chain(SSLEngine engine) throws SSLPeerUnverifiedException {
        return (X509Certificate[]) engine.getSession().getPeerCertificates();
    }

    /** The JDK wraps what was wrong into sentences about how it looked. */
    private static String reason(CertificateException e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof CertificateExpiredException) {
            return "a certificate has expired: " + cause.getMessage();
        }
        if (cause instanceof CertificateNotYetValidException) {
            return "a certificate is not valid yet: " + cause.getMessage();
        }
        return String.valueOf(cause.getMessage());
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        if (rejectInHandshake) {
            roots.checkServerTrusted(chain, authType, engine);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        if (rejectInHandshake) {
            roots.checkClientTrusted(chain, authType, engine);
        }
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return roots.getAcceptedIssuers();
    }

    // -- Without an engine nobody looks afterwards. --

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        roots.checkServerTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        roots.checkClientTrusted(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        roots.checkServerTrusted(chain, authType, socket);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        roots.checkClientTrusted(chain, authType, socket);
    }
}
