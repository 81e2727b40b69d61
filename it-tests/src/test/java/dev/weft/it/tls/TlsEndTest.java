// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Events;
import dev.weft.it.support.Pki;
import dev.weft.it.support.Tls;
import dev.weft.net.Credentials;
import dev.weft.net.Net;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;

/** How secured streams end: close_notify, FIN, one without the other, one side before the other. */
class TlsEndTest extends TlsTest {
    @Test
    void endSendsCloseNotifyAndGoesOnReading() throws Exception {
        ServerSocket listener = tls.listener();
        Events client = tls.connect(listener.getLocalPort(), "localhost", CLIENT);
        SSLSocket peer = PeerSockets.secure(scope.add(listener.accept()), false);
        client.stream().end("last words");
        assertEquals(
                "last words",
                new String(peer.getInputStream().readAllBytes(), StandardCharsets.UTF_8),
                "then close_notify");
        assertEquals(ReadyState.READ_ONLY, client.stream().readyState());
        peer.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
        client.awaitText("answer");
        peer.close();
        client.assertClosedAfter("connect", "secure", "data", "end", "close(false)");
    }

    @Test
    void halfOpenServerWritesAfterThePeersEnd() {
        Server server = scope.add(Net.createServer(ServerOptions.defaults().allowHalfOpen(true), stream -> {
            scope.add(stream);
            stream.setSecure(SERVER);
            stream.onEnd(() -> {
                assertEquals(ReadyState.WRITE_ONLY, stream.readyState());
                stream.write("still ");
                stream.end("here");
            });
        }));
        server.listen(0, "127.0.0.1");
        Object unused = dev.weft.it.support.Await.value("it listens", server.bound());
        Events client = tls.connect(server, CLIENT);
        client.stream().end();
        client.awaitText("still here");
        client.assertClosedAfter("connect", "secure", "data", "end", "close(false)");
    }

    @Test
    void finWithoutCloseNotifyIsAnError() throws Exception {
        Server server = tls.server(SERVER);
        Socket socket = tls.socket(server);
        SSLSocket peer = PeerSockets.secure(socket, true);
        peer.getOutputStream().write("half a sent".getBytes(StandardCharsets.UTF_8));
        Events accepted = tls.accepted().awaitText("half a sent");
        socket.shutdownOutput();
        assertNotSecure(accepted, "without close_notify");
        accepted.assertNames("connect", "secure", "data", "error", "close(true)");
    }

    @Test
    void finWithoutCloseNotifyIsAnEndIfSoWished() throws Exception {
        Server server = tls.server(Pki.keyOf(Pki.SERVER).acceptTruncation().build());
        Socket socket = tls.socket(server);
        SSLSocket peer = PeerSockets.secure(socket, true);
        peer.getOutputStream().write("all of it".getBytes(StandardCharsets.UTF_8));
        Events accepted = tls.accepted().awaitText("all of it");
        socket.shutdownOutput();
        accepted.assertClosedAfter("connect", "secure", "data", "end", "close(false)");
    }

    @Test
    void finInTheMiddleOfARecordIsAlwaysAnError() throws Exception {
        Server server = tls.server(Pki.keyOf(Pki.SERVER).acceptTruncation().build());
        Socket socket = tls.socket(server);
        SSLSocket peer = PeerSockets.secure(socket, true);
        peer.getOutputStream().write("x".getBytes(StandardCharsets.UTF_8));
        Events accepted = tls.accepted().awaitText("x");
        socket.getOutputStream().write(new byte[] {23, 3, 3, 0, 100, 1, 2, 3});
        socket.shutdownOutput();
        assertNotSecure(accepted, "in the middle of a record");
    }

    @Test
    void destroyDoesNotWaitForThePeer() throws Exception {
        ServerSocket listener = tls.listener();
        Events client = tls.connect(listener.getLocalPort(), "localhost", CLIENT);
        SSLSocket peer = PeerSockets.secure(scope.add(listener.accept()), false);
        peer.startHandshake();
        client.await("secure");
        client.stream().write(new byte[8 << 20]);
        client.stream().destroy();
        client.assertClosedAfter("connect", "secure", "close(false)");
        int got = 0;
        try {
            byte[] some = new byte[64 << 10];
            for (int n = 0; n >= 0; n = peer.getInputStream().read(some)) {
                got += n;
            }
        } catch (SocketException e) {
            // the stream may have left the peer's ticket unread, for which the kernel resets
            assertTrue(String.valueOf(e.getMessage()).contains("reset"), e::toString);
        }
        assertTrue(got < 8 << 20, "what was queued is dropped");
    }

    @Test
    void closeSendsEverythingAndCloseNotify() throws Exception {
        ServerSocket listener = tls.listener();
        Events client = tls.connect(listener.getLocalPort(), "localhost", CLIENT);
        SSLSocket peer = PeerSockets.secure(scope.add(listener.accept()), false);
        byte[] much = new byte[4 << 20];
        client.stream().write(much);
        client.stream().close();
        assertEquals(much.length, peer.getInputStream().readAllBytes().length);
        client.assertClosedAfter("connect", "secure", "close(false)");
    }

    @Test
    void resetOfThePeerIsAReset() throws Exception {
        Server server = tls.server(SERVER);
        Socket socket = tls.socket(server);
        SSLSocket peer = PeerSockets.secure(socket, true);
        peer.startHandshake();
        Events accepted = tls.accepted().await("secure");
        socket.setSoLinger(true, 0);
        socket.close();
        accepted.assertClosedAfter("connect", "secure", "error", "close(true)");
    }

    /** RFC 5246 7.2.1: whoever gets close_notify answers it and drops what is still to be written. */
    @Test
    void beforeTls13ThePeersEndIsTheEndOfBothSides() {
        Credentials old = Pki.trusting().protocols("TLSv1.2").build();
        Server server = tls.echo(SERVER);
        Events client = tls.connect(server, old);
        client.stream().write("x");
        client.awaitText("x");
        client.stream().end();
        client.assertClosedAfter("connect", "secure", "data", "end", "close(false)");
        tls.accepted().assertClosedAfter("connect", "secure", "data", "end", "close(false)");

        Server talkative = tls.server(SERVER, stream -> stream.onEnd(() -> stream.write("goodbye")));
        Events other = tls.connect(talkative, old).await("secure");
        other.stream().end();
        other.awaitClose();
        assertNotSecure(tls.accepted(), "so nothing can be sent");
    }

    @Test
    void finDuringTheHandshakeIsAnError() throws Exception {
        Server server = tls.server(SERVER);
        Socket socket = tls.socket(server);
        socket.shutdownOutput();
        assertNotSecure(tls.accepted(), "the peer has ended during the handshake");
    }

    @Test
    void endBeforeTheHandshakeWaitsForIt() {
        Server server = tls.echo(SERVER);
        Events client = tls.plain(Tls.port(server), "localhost");
        client.stream().setSecure(CLIENT);
        client.stream().end("one line");
        client.awaitText("one line");
        client.assertClosedAfter("connect", "secure", "data", "end", "close(false)");
    }

    @Test
    void destroyDuringTheHandshakeEndsIt() throws Exception {
        ServerSocket mute = tls.listener();
        Events client = tls.connect(mute.getLocalPort(), "localhost", CLIENT);
        Socket peer = scope.add(mute.accept());
        client.stream().write("never sent");
        assertEquals(22, peer.getInputStream().read(), "the ClientHello");
        client.await("connect");
        client.stream().destroy();
        client.assertClosedAfter("connect", "close(false)");
        Stream again = client.stream();
        assertEquals(ReadyState.CLOSED, again.readyState());
    }
}
