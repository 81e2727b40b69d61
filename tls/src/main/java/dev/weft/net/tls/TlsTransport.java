// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import dev.weft.net.PeerCertificate;
import dev.weft.net.SecureSession;
import dev.weft.net.spi.SecureTransport;
import dev.weft.net.spi.Transport;
import dev.weft.net.tls.Handshake.Stage;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * A connection secured with TLS: an {@link Inbound} half for the thread that reads, an {@link Outbound} half for the one that
 * writes, and the {@link Handshake} between them.
 */
final class TlsTransport implements SecureTransport {
    private final Transport plain;
    private final SSLEngine engine;
    private final TlsCredentials credentials;
    private final Handshake handshake = new Handshake();
    private final Outbound outbound;
    private final Inbound inbound;

    private volatile boolean blocking = true;
    private volatile @Nullable SecureSession session;

    /** Whether the program has asked if the peer is trusted, once that was known. */
    private volatile boolean looked;

    TlsTransport(Transport plain, SSLEngine engine, TlsCredentials credentials, Runnable wantsFlush) {
        this.plain = plain;
        this.engine = engine;
        this.credentials = credentials;
        outbound = new Outbound(plain, engine, handshake);
        inbound = new Inbound(
                plain,
                engine,
                handshake,
                outbound,
                wantsFlush,
                credentials.material().acceptTruncation());
    }

    // -- Reading and writing. --

    @Override
    public void unread(ByteBuffer bytes) {
        inbound.unread(bytes);
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        boolean mayPark = blocking;
        try {
            if (handshake.is(Stage.CONFIRMED)) {
                return inbound.read(target, mayPark); // parks in blocking mode
            }
            if (handshake.is(Stage.SHAKING) && !inbound.shakeHands(target.remaining(), mayPark)) {
                return 0;
            }
        } finally {
            if (handshake.is(Stage.FAILED)) {
                inbound.tellPeerOfFailure(mayPark);
            }
        }
        switch (handshake.stage()) {
            case SHAKEN -> meetPeer();
            case FAILED, CLOSED -> throw handshake.failure();
            default -> {}
        }
        return 0;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        return outbound.write(source, blocking);
    }

    @Override
    public long write(ByteBuffer[] sources, int count) throws IOException {
        return outbound.write(sources, count, blocking);
    }

    @Override
    public boolean flush() throws IOException {
        return outbound.flush(blocking);
    }

    @Override
    public void configureBlocking(boolean block) throws IOException {
        blocking = block;
        plain.configureBlocking(block);
    }

    @Override
    public void finishOutput() {
        outbound.finish();
    }

    @Override
    public void shutdownOutput() throws IOException {
        plain.finishOutput();
        plain.shutdownOutput();
    }

    // -- The handshake. --

    private void meetPeer() {
        SSLSession agreed = engine.getSession();
        String protocol = engine.getApplicationProtocol();
        session = new SecureSession(
                agreed.getProtocol(),
                agreed.getCipherSuite(),
                protocol == null || protocol.isEmpty() ? null : protocol,
                serverName(agreed),
                peerCertificates(agreed),
                credentials.verificationError(engine));
        handshake.done();
    }

    private static @Nullable String serverName(SSLSession agreed) {
        if (agreed instanceof ExtendedSSLSession extended) {
            return extended.getRequestedServerNames().stream()
                    .filter(SNIHostName.class::isInstance)
                    .map(name -> ((SNIHostName) name).getAsciiName())
                    .findFirst()
                    .orElse(null);
        }
        return null;
    }

    private static List<X509Certificate> peerCertificates(SSLSession agreed) {
        try {
            return Arrays.stream(agreed.getPeerCertificates())
                    .map(X509Certificate.class::cast)
                    .toList();
        } catch (SSLPeerUnverifiedException e) {
            return List.of();
        }
    }

    @Override
    public boolean isHandshakeDone() {
        return session != null;
    }

    @Override
    public Duration handshakeTimeout() {
        return credentials.material().handshakeTimeout();
    }

    @Override
    public boolean verifyPeer() {
        SecureSession known = session;
        if (known == null) {
            return false;
        }
        looked = true;
        return known.verificationError() == null;
    }

    @Override
    public @Nullable PeerCertificate peerCertificate() {
        SecureSession known = session;
        return known == null || known.peerCertificates().isEmpty()
                ? null
                : PeerCertificates.of(known.peerCertificates().getFirst());
    }

    @Override
    public @Nullable SecureSession session() {
        return session;
    }

    @Override
    public void confirm() throws IOException {
        SecureSession known = session;
        String error = known == null ? null : known.verificationError();
        if (error != null && !looked && credentials.mustVerify(engine.getUseClientMode())) {
            throw new SSLPeerUnverifiedException(
                    "the peer is not trusted, and no secure listener has asked verifyPeer(): " + error);
        }
        handshake.confirm();
    }

    // -- The rest is passed on. --

    @Override
    public void close() {
        handshake.close();
        plain.close();
    }

    @Override
    public void reset() {
        handshake.close();
        plain.reset();
    }

    @Override
    public String protocol() {
        return plain.protocol();
    }

    @Override
    public void connect(SocketAddress remote) {
        throw new IllegalStateException("it is connected already");
    }

    @Override
    public @Nullable SocketAddress localAddress() {
        return plain.localAddress();
    }

    @Override
    public @Nullable SocketAddress remoteAddress() {
        return plain.remoteAddress();
    }

    @Override
    public <T> boolean setOption(SocketOption<T> option, T value) throws IOException {
        return plain.setOption(option, value);
    }
}
