// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import dev.weft.net.Credentials;
import dev.weft.net.Net;
import java.net.IDN;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/** Credentials that have been checked, and the {@link SSLContext} that they have become. */
final class TlsCredentials extends Credentials {
    private static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");

    private final Material material;
    private final @Nullable Identity identity;
    private final boolean ownRoots;

    /** Null if the program has given a context, which does that itself. */
    private final @Nullable Trust trust;

    private final SSLContext context;

    /**
     * @throws IllegalArgumentException if a part cannot be used or the parts do not fit; it says which and why
     */
    TlsCredentials(Material material) {
        this.material = material;
        requireOneSource();
        List<X509Certificate> roots = new ArrayList<>();
        for (String pem : material.ca()) {
            roots.addAll(part("ca", () -> Certificates.of(pem)));
        }
        KeyStore store = material.keyStore();
        identity = store == null ? identityFromPem() : part("keyStore", () -> fromKeyStore(store, roots));
        ownRoots = !roots.isEmpty();
        SSLContext given = material.context();
        if (given == null) {
            trust = part("ca", () -> Trust.in(roots, material.rejectInHandshake()));
            context = contextOf(new Keys(identity, material.names()), trust);
        } else {
            trust = null;
            context = given;
        }
        // What the engine refuses of protocols and ciphers it refuses now.
        SSLEngine unusedClient = clientEngine(null, -1);
        SSLEngine unusedServer = engine(false, null, -1);
    }

    private void requireOneSource() {
        boolean pem = material.key() != null || material.cert() != null;
        if (material.context() != null && (pem || !material.ca().isEmpty() || material.keyStore() != null)) {
            throw new IllegalArgumentException("context: it has a key and trusted certificates of its own;"
                    + " leave out key, cert, ca and keyStore");
        }
        if (material.context() != null && !material.names().isEmpty()) {
            throw new IllegalArgumentException("context: it chooses its key itself; leave out name");
        }
        if (material.keyStore() != null && pem) {
            throw new IllegalArgumentException("keyStore: the key is in it; leave out key and cert");
        }
    }

    private @Nullable Identity identityFromPem() {
        String key = material.key();
        String cert = material.cert();
        if (key == null && cert == null) {
            return null;
        }
        if (key == null) {
            throw new IllegalArgumentException("cert: it is of no use without its key");
        }
        if (cert == null) {
            throw new IllegalArgumentException("key: it is of no use without its cert");
        }
        PrivateKey privateKey = part("key", () -> PrivateKeys.of(key, material.passphrase()));
        return new Identity(privateKey, part("cert", () -> Certificates.of(cert)));
    }

    private @Nullable Identity fromKeyStore(KeyStore store, List<X509Certificate> roots) {
        try {
            Identity found = null;
            for (String alias : Collections.list(store.aliases())) {
                if (store.isCertificateEntry(alias)) {
                    roots.add((X509Certificate) store.getCertificate(alias));
                } else if (store.isKeyEntry(alias)) {
                    if (found != null) {
                        throw new IllegalArgumentException(
                                "it has more than one key: " + Collections.list(store.aliases()));
                    }
                    KeyStore.PrivateKeyEntry entry =
                            (KeyStore.PrivateKeyEntry) store.getEntry(alias, material.keyStorePassword());
                    List<X509Certificate> chain = Arrays.stream(entry.getCertificateChain())
                            .map(X509Certificate.class::cast)
                            .toList();
                    found = new Identity(entry.getPrivateKey(), chain);
                }
            }
            return found;
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("the password is wrong, or it cannot be read: " + e.getMessage(), e);
        } catch (ClassCastException e) {
            throw new IllegalArgumentException("it has a key or a certificate that is none for TLS", e);
        }
    }

    /** Names the part in what it throws. */
    private static <T extends @Nullable Object> T part(String name, Supplier<T> made) {
        try {
            return made.get();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
        }
    }

    private static SSLContext contextOf(Keys keys, Trust trust) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {keys}, new TrustManager[] {trust}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("TLS is not available: " + e.getMessage(), e);
        }
    }

    Material material() {
        return material;
    }

    /** The key and its chain, or null. */
    @Nullable
    Identity identity() {
        return identity;
    }

    /** Whether a peer that is not verified ends the stream unless the program has looked. */
    boolean mustVerify(boolean client) {
        return client || ownRoots;
    }

    /** Why the peer is not trusted, or null if it is. The handshake has succeeded. */
    @Nullable
    String verificationError(SSLEngine engine) {
        return trust == null ? Trust.shownCertificateError(engine) : trust.verificationError(engine);
    }

    // -- Engines. --

    /**
     * @param connectedTo the name or literal address, or null
     */
    SSLEngine clientEngine(@Nullable String connectedTo, int port) {
        String name = material.serverName() == null ? connectedTo : material.serverName();
        SSLEngine engine = engine(true, name == null ? null : canonical(name), port);
        if (name != null) {
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            SNIHostName sni = sniName(name);
            parameters.setServerNames(sni == null ? List.of() : List.of(sni));
            engine.setSSLParameters(parameters);
        }
        return engine;
    }

    SSLEngine serverEngine() {
        if (identity == null && material.context() == null && material.names().isEmpty()) {
            throw new IllegalArgumentException(
                    "a server needs a key and a certificate, and these credentials have none");
        }
        SSLEngine engine = engine(false, null, -1);
        if (ownRoots || material.requestCertificate()) {
            if (material.rejectInHandshake()) {
                engine.setNeedClientAuth(true);
            } else {
                engine.setWantClientAuth(true);
            }
        }
        return engine;
    }

    private SSLEngine engine(boolean client, @Nullable String peer, int port) {
        SSLEngine engine = peer == null ? context.createSSLEngine() : context.createSSLEngine(peer, port);
        engine.setUseClientMode(client);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setApplicationProtocols(material.applicationProtocols().toArray(String[]::new));
        parameters.setUseCipherSuitesOrder(true);
        engine.setSSLParameters(parameters);
        engine.setEnabledProtocols(protocols(engine));
        if (!material.ciphers().isEmpty()) {
            Object unused = part("ciphers", () -> {
                engine.setEnabledCipherSuites(material.ciphers().toArray(String[]::new));
                return engine;
            });
        }
        return engine;
    }

    private String[] protocols(SSLEngine engine) {
        List<String> supported = List.of(engine.getSupportedProtocols());
        List<String> wanted = material.protocols();
        if (wanted.isEmpty()) {
            return PROTOCOLS.stream().filter(supported::contains).toArray(String[]::new);
        }
        for (String protocol : wanted) {
            if (!supported.contains(protocol)) {
                throw new IllegalArgumentException(
                        "protocols: there is no " + protocol + " here, only " + String.join(", ", supported));
            }
        }
        return wanted.toArray(String[]::new);
    }

    /** As certificates have it: without the dot that ends an absolute name, or the zone of an address. */
    private static String canonical(String name) {
        if (Net.isIP(name) != 0) {
            int zone = name.indexOf('%');
            return zone < 0 ? name : name.substring(0, zone);
        }
        String absolute = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        try {
            return IDN.toASCII(absolute);
        } catch (IllegalArgumentException e) {
            return absolute;
        }
    }

    /** RFC 6066 3: host names only. A name that is none, such as one with an underscore, is not sent. */
    private static @Nullable SNIHostName sniName(String name) {
        if (Net.isIP(name) != 0) {
            return null;
        }
        try {
            return new SNIHostName(canonical(name));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
