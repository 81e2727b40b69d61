// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import dev.weft.net.spi.SecurityProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Whom a stream claims to be and whom it trusts, for {@link Stream#setSecure(Credentials)}. Immutable; one instance serves
 * any number of streams.
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

    /**
     * What credentials are made of, as PEM text.
     *
     * @param key the private key, or null
     * @param cert the certificate of the key, followed by its chain, or null
     * @param ca the trusted certificates; empty for the platform's
     * @since 0.1
     */
    public record Material(@Nullable String key, @Nullable String cert, List<String> ca) {
        /** Keeps its own copy of the list. */
        public Material {
            ca = List.copyOf(ca);
        }
    }

    /** Collects the parts of {@link Credentials}. */
    public static final class Builder {
        private @Nullable String key;
        private @Nullable String cert;
        private final List<String> ca = new ArrayList<>();

        private Builder() {}

        /**
         * Sets the private key.
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
         * {@return the credentials}
         *
         * @throws IllegalArgumentException if a part cannot be used or the parts do not fit; it says which and why
         * @throws UnsupportedOperationException if {@code dev.weft:weft-tls} is not on the path
         */
        public Credentials build() {
            return SecurityProvider.installed().credentials(new Material(key, cert, ca));
        }
    }
}
