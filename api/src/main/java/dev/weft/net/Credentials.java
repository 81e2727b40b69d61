// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import dev.weft.net.spi.SecurityProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Whom a stream claims to be and whom it trusts, for {@link Stream#setSecure(Credentials)}. Immutable, but for
 * {@link ReplaceableCredentials}; one instance serves any number of streams, and streams that share one can resume each
 * other's sessions.
 *
 * <p>Building them needs {@code dev.weft:weft-tls} on the path, whose checks run in {@link Builder#build()}.
 *
 * <p><b>Threading</b>: any thread; a {@link Builder} belongs to one thread.
 *
 * @since 0.1
 */
public abstract class Credentials {
    /** For the security provider's own subclass. */
    protected Credentials() {}

    /** {@return a builder with nothing set: no key, no certificate, the platform's trusted roots} */
    public static Builder builder() {
        return new Builder();
    }

    /** {@return what a handshake uses that begins now: these, unless they can be replaced} */
    public Credentials current() {
        return this;
    }

    /**
     * What credentials are made of: what a {@link Builder} was given.
     *
     * @param key the private key as PEM text, or null
     * @param passphrase of the private key, or null
     * @param cert the certificate of the key, followed by its chain, as PEM text, or null
     * @param ca the trusted certificates as PEM texts; empty for the platform's
     * @param keyStore key, chain and trusted certificates in another form, or null
     * @param keyStorePassword of the key in the key store, or null
     * @param context that has all of these already, or null
     * @param names what a server shows to clients that ask for a name
     * @param serverName the name that a client asks for, and that the server's certificate must bear, or null for the one
     *     that was connected to
     * @param applicationProtocols for ALPN, in order of preference; empty for no ALPN
     * @param protocols versions of TLS; empty for the default
     * @param ciphers cipher suites; empty for the platform's
     * @param requestCertificate whether a server asks its clients for a certificate even without {@code ca}
     * @param rejectInHandshake whether a peer that is not trusted fails the handshake
     * @param acceptTruncation whether FIN without close_notify is an end like any other
     * @param handshakeTimeout how long a handshake may take; zero for ever
     * @since 0.1
     */
    public record Material(
            @Nullable String key,
            @Nullable String passphrase,
            @Nullable String cert,
            List<String> ca,
            @Nullable KeyStore keyStore,
            KeyStore.@Nullable ProtectionParameter keyStorePassword,
            @Nullable SSLContext context,
            Map<String, Credentials> names,
            @Nullable String serverName,
            List<String> applicationProtocols,
            List<String> protocols,
            List<String> ciphers,
            boolean requestCertificate,
            boolean rejectInHandshake,
            boolean acceptTruncation,
            Duration handshakeTimeout) {
        /** Keeps its own copies. */
        public Material {
            ca = List.copyOf(ca);
            names = Map.copyOf(names);
            applicationProtocols = List.copyOf(applicationProtocols);
            protocols = List.copyOf(protocols);
            ciphers = List.copyOf(ciphers);
        }

        /** Says nothing about what is in it, since that is secret. */
        @Override
        public String toString() {
            return "Material";
        }
    }

    /** Collects the parts of {@link Credentials}. */
    public static final class Builder {
        private @Nullable String key;
        private @Nullable String passphrase;
        private @Nullable String cert;
        private final List<String> ca = new ArrayList<>();
        private @Nullable KeyStore keyStore;
        private KeyStore.@Nullable ProtectionParameter keyStorePassword;
        private @Nullable SSLContext context;
        private final Map<String, Credentials> names = new LinkedHashMap<>();
        private @Nullable String serverName;
        private List<String> applicationProtocols = List.of();
        private List<String> protocols = List.of();
        private List<String> ciphers = List.of();
        private boolean requestCertificate;
        private boolean rejectInHandshake;
        private boolean acceptTruncation;
        private Duration handshakeTimeout = Duration.ofSeconds(10);

        private Builder() {}

        /**
         * Sets the private key: PKCS#8, also encrypted, or the older PKCS#1 (RSA) and SEC1 (EC).
         *
         * @param pem one PEM block
         * @return this
         */
        public Builder key(String pem) {
            key = Objects.requireNonNull(pem, "key");
            return this;
        }

        /**
         * Sets the private key from a file.
         *
         * @param pem a file with one PEM block
         * @return this
         * @throws IOException if it cannot be read
         */
        public Builder key(Path pem) throws IOException {
            return key(Files.readString(pem));
        }

        /**
         * Sets the passphrase of an encrypted private key.
         *
         * @param passphrase as the key was encrypted with
         * @return this
         */
        public Builder passphrase(String passphrase) {
            this.passphrase = Objects.requireNonNull(passphrase, "passphrase");
            return this;
        }

        /**
         * Sets the certificate.
         *
         * @param pem the certificate of the key, followed by its chain
         * @return this
         */
        public Builder cert(String pem) {
            cert = Objects.requireNonNull(pem, "cert");
            return this;
        }

        /**
         * Sets the certificate from a file.
         *
         * @param pem a file with the certificate of the key, followed by its chain
         * @return this
         * @throws IOException if it cannot be read
         */
        public Builder cert(Path pem) throws IOException {
            return cert(Files.readString(pem));
        }

        /**
         * Adds trusted certificates; with one or more, only these are trusted, and a server asks its clients for theirs.
         *
         * @param pem one or more certificates
         * @return this
         */
        public Builder ca(String pem) {
            ca.add(Objects.requireNonNull(pem, "ca"));
            return this;
        }

        /**
         * Adds trusted certificates from a file.
         *
         * @param pem a file with one or more certificates
         * @return this
         * @throws IOException if it cannot be read
         */
        public Builder ca(Path pem) throws IOException {
            return ca(Files.readString(pem));
        }

        /**
         * Takes key, certificates and trusted certificates from a key store, in place of PEM: its one key entry is for
         * {@link #key(String)} and {@link #cert(String)}, its certificate entries, if any, are for {@link #ca(String)}.
         *
         * @param store loaded
         * @param password of the key entry
         * @return this
         */
        public Builder keyStore(KeyStore store, char[] password) {
            keyStore = Objects.requireNonNull(store, "store");
            keyStorePassword = new KeyStore.PasswordProtection(password);
            return this;
        }

        /**
         * Takes everything from a context of the program's own, of whatever provider, in place of key, certificate and trusted
         * certificates. A peer that it does not trust fails the handshake. Its default parameters say whether a server
         * asks its clients for a certificate.
         *
         * @param context initialized
         * @return this
         */
        public Builder context(SSLContext context) {
            this.context = Objects.requireNonNull(context, "context");
            return this;
        }

        /**
         * Has a server show another key and certificate to clients that ask for a name (SNI, RFC 6066 3). The rest of those
         * credentials is not looked at. A client that asks for no name, or for one that is not here, is shown our own.
         *
         * @param name a host name, or {@code *.} and a domain for every name directly below it
         * @param credentials with a key and a certificate; {@link ReplaceableCredentials} are asked at each handshake
         * @return this
         */
        public Builder name(String name, Credentials credentials) {
            names.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(credentials, "credentials"));
            return this;
        }

        /**
         * Sets the name that a client asks the server for, and that the server's certificate must bear, in place of the one
         * that was connected to. A Unix socket has none of its own: without this, the name is not checked there.
         *
         * @param name a host name or a literal address
         * @return this
         */
        public Builder serverName(String name) {
            serverName = Objects.requireNonNull(name, "name");
            return this;
        }

        /**
         * Sets the protocols to be spoken inside, for ALPN (RFC 7301). What was chosen is in
         * {@link SecureSession#applicationProtocol()}. A server that has none in common with its client, both having some,
         * refuses it.
         *
         * @param protocols such as {@code "h2"}, the preferred one first
         * @return this
         */
        public Builder applicationProtocols(String... protocols) {
            applicationProtocols = List.of(protocols);
            return this;
        }

        /**
         * Sets the versions of TLS. Without this they are 1.3 and 1.2.
         *
         * @param protocols such as {@code "TLSv1.3"}
         * @return this
         */
        public Builder protocols(String... protocols) {
            this.protocols = List.of(protocols);
            return this;
        }

        /**
         * Sets the cipher suites. Without this they are the platform's.
         *
         * @param ciphers such as {@code "TLS_AES_128_GCM_SHA256"}, the preferred one first
         * @return this
         */
        public Builder ciphers(String... ciphers) {
            this.ciphers = List.of(ciphers);
            return this;
        }

        /**
         * Has a server ask its clients for a certificate, which it does anyway with {@link #ca(String)}; without that, those
         * are trusted whom the platform trusts.
         *
         * @return this
         */
        public Builder requestCertificate() {
            requestCertificate = true;
            return this;
        }

        /**
         * Has a peer that is not trusted fail the handshake: there is no {@code secure}, and the peer is told by an alert.
         * Without this, {@code secure} comes, {@link Stream#verifyPeer()} tells, and the stream fails only if nobody asks.
         *
         * @return this
         */
        public Builder rejectInHandshake() {
            rejectInHandshake = true;
            return this;
        }

        /**
         * Takes a peer's FIN without close_notify for an end like any other. Without this it is an error, since anybody on the
         * way could have cut the conversation (RFC 8446 6.1); for protocols that know their own end that is not needed.
         *
         * @return this
         */
        public Builder acceptTruncation() {
            acceptTruncation = true;
            return this;
        }

        /**
         * Sets how long a handshake may take, from {@code setSecure}, or from {@code connect} if that comes later, to its
         * success. After that the stream fails with {@link NetException.Code#TIMED_OUT}.
         *
         * @param timeout zero for ever; 10 s at first
         * @return this
         * @throws IllegalArgumentException if negative
         */
        public Builder handshakeTimeout(Duration timeout) {
            if (timeout.isNegative()) {
                throw new IllegalArgumentException("handshakeTimeout < 0: " + timeout);
            }
            handshakeTimeout = timeout;
            return this;
        }

        /**
         * {@return the credentials}
         *
         * @throws IllegalArgumentException if a part cannot be used or the parts do not fit; it says which and why
         * @throws UnsupportedOperationException if {@code dev.weft:weft-tls} is not on the path
         */
        public Credentials build() {
            return SecurityProvider.installed()
                    .credentials(new Material(
                            key,
                            passphrase,
                            cert,
                            ca,
                            keyStore,
                            keyStorePassword,
                            context,
                            names,
                            serverName,
                            applicationProtocols,
                            protocols,
                            ciphers,
                            requestCertificate,
                            rejectInHandshake,
                            acceptTruncation,
                            handshakeTimeout));
        }
    }
}
