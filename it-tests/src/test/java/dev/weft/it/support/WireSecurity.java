// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import dev.weft.net.Credentials;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.security.GeneralSecurityException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/** TLS on a {@link Wire}: secures streams, and the sockets of peers, from the first byte on. */
final class WireSecurity {
    static final WireSecurity INSTANCE = new WireSecurity();

    private final Credentials server = Pki.keyOf(Pki.SERVER).build();
    private final Credentials client = Pki.trusting().serverName("localhost").build();
    private final SSLContext peers = context();

    private WireSecurity() {}

    private static SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    Pki.SERVER.toKeyManagerFactory().getKeyManagers(),
                    new TrustManager[] {Pki.CA.toTrustManager()},
                    null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new AssertionError("no TLS for peers", e);
        }
    }

    void secureAccepted(Server listening) {
        listening.onConnection(stream -> stream.setSecure(server));
    }

    void secureConnecting(Stream toBeConnected) {
        toBeConnected.setSecure(client);
    }

    /**
     * {@return a peer over a connected channel}
     *
     * @param security null for a plain one
     */
    static Peer peer(WireSecurity security, SocketChannel channel, boolean asClient) throws IOException {
        PlainPeer plain = new PlainPeer(channel);
        if (security == null) {
            return plain;
        }
        PeerSocket underneath = new PeerSocket(plain);
        return new SecurePeer(security.secure(underneath, asClient), underneath, plain);
    }

    private SSLSocket secure(Socket socket, boolean asClient) throws IOException {
        SSLSocket secured = (SSLSocket) peers.getSocketFactory().createSocket(socket, "localhost", 0, true);
        secured.setUseClientMode(asClient);
        return secured;
    }
}
