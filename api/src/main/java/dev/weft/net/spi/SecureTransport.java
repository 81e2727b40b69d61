// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.spi;

import dev.weft.net.PeerCertificate;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A transport that a {@link SecurityProvider} has laid over another one. It shakes hands inside {@link #read},
 * {@link #write} and {@link #flush}, and passes {@link #close} and {@link #configureBlocking} on.
 *
 * <p>Until {@link #confirm} no byte of the program is sent or delivered: {@link #write} takes nothing (it parks in blocking
 * mode, and sends meanwhile what the handshake wants sent), and {@link #read} returns 0 as soon as the handshake is done.
 * The first {@link #flush} of the side that begins sends its greeting.
 *
 * @since 0.1
 */
public interface SecureTransport extends Transport {
    /**
     * Takes bytes that were read from the transport underneath before this layer was laid over it. Called before any
     * {@link #read}, by the thread that reads.
     *
     * @param bytes in the order in which they arrived; not changed afterwards
     */
    void unread(ByteBuffer bytes);

    /** {@return whether the handshake has succeeded} */
    boolean isHandshakeDone();

    /**
     * {@return whether the peer has shown a certificate that we trust}
     */
    boolean verifyPeer();

    /** {@return the certificate that the peer has shown, or null} */
    @Nullable
    PeerCertificate peerCertificate();

    /**
     * The {@code secure} listeners have returned: bytes of the program may flow.
     *
     * @throws IOException if they must not, because the peer should have been verified, was not, and no one looked
     */
    void confirm() throws IOException;
}
