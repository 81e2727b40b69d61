// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.spi;

import dev.weft.net.PeerCertificate;
import dev.weft.net.SecureSession;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A transport that a {@link SecurityProvider} has laid over another one. It shakes hands inside {@link #read},
 * {@link #write} and {@link #flush}, and passes {@link #close} and {@link #configureBlocking} on.
 *
 * <p>Until {@link #confirm} no byte of the program is sent or delivered: {@link #write} takes nothing (it parks in blocking
 * mode, and sends meanwhile what the handshake wants sent), and {@link #read} returns 0 as soon as the handshake is done.
 * The first {@link #flush} of the side that begins sends its greeting.
 *
 * <p>After a {@link #read} that has returned 0 in blocking mode the engine has {@link #flush} called before it reads again: by
 * the same thread, if no other is writing. So a read that comes to a point where the handshake must send something does best to
 * return 0; then nobody else has to be woken for it.
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

    /** {@return how long the engine waits for the handshake before it gives up; zero for ever} */
    default Duration handshakeTimeout() {
        return Duration.ZERO;
    }

    /**
     * {@return whether the peer has shown a certificate that we trust} Asked after the handshake, it also means that the program
     * has looked, see {@link #confirm}.
     */
    boolean verifyPeer();

    /** {@return the certificate that the peer has shown, or null} */
    @Nullable
    PeerCertificate peerCertificate();

    /** {@return what the handshake has come to, or null while it has not succeeded} */
    default @Nullable SecureSession session() {
        return null;
    }

    /**
     * The {@code secure} listeners have returned: bytes of the program may flow.
     *
     * @throws IOException if they must not, because the peer should have been verified, was not, and no one looked
     */
    void confirm() throws IOException;
}
