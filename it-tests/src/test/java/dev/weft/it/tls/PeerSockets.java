// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.tls;

import dev.weft.it.support.Pki;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/** The JDK's own TLS over sockets, as a peer that has nothing of ours. */
final class PeerSockets {
    private PeerSockets() {}

    static SSLSocket secure(Socket socket, boolean client) throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    Pki.SERVER.toKeyManagerFactory().getKeyManagers(),
                    new TrustManager[] {Pki.CA.toTrustManager()},
                    null);
            SSLSocket secured = (SSLSocket) context.getSocketFactory().createSocket(socket, "localhost", 0, true);
            secured.setUseClientMode(client);
            return secured;
        } catch (GeneralSecurityException e) {
            throw new AssertionError("no TLS for peers", e);
        }
    }
}
