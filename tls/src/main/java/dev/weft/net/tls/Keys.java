// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import dev.weft.net.Credentials;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/** What we show: to the client that asks for a name what is there for that name, to everyone else our own. */
final class Keys extends X509ExtendedKeyManager {
    private static final String OWN = "";

    private final @Nullable Identity own;
    private final Map<String, Credentials> names = new LinkedHashMap<>();

    /** What was shown last for a name, and before that: the JDK asks for key and chain one after the other. */
    private record Shown(
            int generation, Identity identity, @Nullable Identity before) {
        Shown next(Identity identity) {
            return identity.equals(this.identity) ? this : new Shown(generation + 1, identity, this.identity);
        }
    }

    private final ConcurrentHashMap<String, Shown> shown = new ConcurrentHashMap<>();

    Keys(@Nullable Identity own, Map<String, Credentials> names) {
        this.own = own;
        names.forEach((name, credentials) -> {
            Identity unused = identityOf(name, credentials);
            this.names.put(name.toLowerCase(Locale.ROOT), credentials);
        });
    }

    private static Identity identityOf(String name, Credentials credentials) {
        if (credentials.current() instanceof TlsCredentials ours && ours.identity() != null) {
            return ours.identity();
        }
        throw new IllegalArgumentException("name " + name + ": its credentials have no key and certificate");
    }

    private @Nullable String choose(@Nullable SSLEngine engine, String keyType) {
        String name = engine == null ? OWN : nameFor(engine);
        Credentials named = names.get(name);
        Identity identity = named == null ? own : identityOf(name, named);
        if (identity == null || !identity.key().getAlgorithm().equals(keyType)) {
            return null;
        }
        Shown latest =
                shown.compute(name, (key, last) -> last == null ? new Shown(0, identity, null) : last.next(identity));
        return latest.generation + ":" + name;
    }

    private String nameFor(SSLEngine engine) {
        if (engine.getHandshakeSession() instanceof ExtendedSSLSession session) {
            for (SNIServerName asked : session.getRequestedServerNames()) {
                if (asked instanceof SNIHostName host) {
                    return bestName(host.getAsciiName().toLowerCase(Locale.ROOT));
                }
            }
        }
        return OWN;
    }

    private String bestName(String host) {
        if (names.containsKey(host)) {
            return host;
        }
        int dot = host.indexOf('.');
        String wildcard = dot < 0 ? OWN : "*" + host.substring(dot);
        return names.containsKey(wildcard) ? wildcard : OWN;
    }

    private @Nullable Identity identity(String alias) {
        int colon = alias.indexOf(':');
        Shown latest = shown.get(alias.substring(colon + 1));
        if (latest == null) {
            return null;
        }
        return Integer.parseInt(alias.substring(0, colon)) == latest.generation ? latest.identity : latest.before;
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
            String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return choose(engine, keyType);
    }

    /** Ours, whomever the server names as issuers: it decides. */
    @Override
    public @Nullable String chooseEngineClientAlias(
            String[] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        for (String keyType : keyTypes) {
            String alias = choose(null, keyType);
            if (alias != null) {
                return alias;
            }
        }
        return null;
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
        Identity identity = identity(alias);
        return identity == null ? null : identity.chainArray();
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
        Identity identity = identity(alias);
        return identity == null ? null : identity.key();
    }

    // -- For sockets, which we have none of. --

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
        return null;
    }

    @Override
    public @Nullable String chooseClientAlias(
            String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return null;
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
        return null;
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return null;
    }
}
