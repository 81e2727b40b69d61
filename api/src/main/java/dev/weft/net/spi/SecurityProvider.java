// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.spi;

import dev.weft.net.Credentials;
import org.jspecify.annotations.Nullable;

/**
 * Lays a secured transport over another one. Found with {@link java.util.ServiceLoader}; {@code weft-tls} is one.
 *
 * <p><b>Threading</b>: any thread.
 *
 * @since 0.1
 */
public interface SecurityProvider {
    /**
     * {@return credentials of this provider's own kind}
     *
     * @param material what they are made of
     * @throws IllegalArgumentException if a part cannot be used or the parts do not fit; it says which and why
     */
    Credentials credentials(Credentials.Material material);

    /**
     * Secures a connection. Does not read or write yet.
     *
     * @param plain the connection underneath, from now on this layer's own
     * @param credentials ours, of this provider's kind: what {@link Credentials#current} gave
     * @param client whether we are the one that begins the handshake
     * @param peerName the name or literal address that was connected to, if any, which the peer's certificate must bear
     * @param wantsFlush to be called, from any thread, when {@link SecureTransport#read} has made something that must be
     *     flushed; the engine then calls {@link Transport#flush} from where it writes, so that a reader never waits for a
     *     parked writer
     * @return the secured connection
     * @throws IllegalArgumentException if these credentials cannot secure such a connection; it says why
     */
    SecureTransport secure(
            Transport plain, Credentials credentials, boolean client, @Nullable String peerName, Runnable wantsFlush);

    /**
     * {@return the layer on the class or module path}
     *
     * @throws UnsupportedOperationException if there is none
     */
    static SecurityProvider installed() {
        return Installed.require(Installed.SECURITY, "TLS", "dev.weft:weft-tls");
    }
}
