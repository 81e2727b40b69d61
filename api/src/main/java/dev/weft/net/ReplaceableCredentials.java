// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import java.util.Objects;

/**
 * Credentials that can be exchanged while a server runs, when its certificate is renewed for instance. A handshake that
 * begins uses those that are there at that moment; connections that are secured already go on as they are.
 *
 * <pre>{@code
 * var credentials = new ReplaceableCredentials(load());
 * Net.createServer(stream -> stream.setSecure(credentials)).listen(443);
 * // later; if load() throws, the old ones stay
 * credentials.replace(load());
 * }</pre>
 *
 * <p><b>Threading</b>: any thread.
 *
 * @since 0.1
 */
public final class ReplaceableCredentials extends Credentials {
    private volatile Credentials current;

    /**
     * Credentials to begin with.
     *
     * @param first used until they are replaced
     */
    public ReplaceableCredentials(Credentials first) {
        current = first.current();
    }

    @Override
    public Credentials current() {
        return current;
    }

    /**
     * Uses others from now on. They were checked when they were built: what cannot be built replaces nothing.
     *
     * @param next for handshakes that begin from now on
     */
    public void replace(Credentials next) {
        current = Objects.requireNonNull(next, "next").current();
    }
}
