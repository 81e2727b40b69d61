// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.Events;
import dev.weft.it.support.Pki;
import dev.weft.it.support.Tls;
import dev.weft.net.NetException;
import dev.weft.net.Server;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is no TLS, or bad TLS: a clear error for the one stream, and the server goes on. */
class BadInputTest extends TlsTest {
    private static final byte[] ALERT = {21, 3};

    /** The server still serves. */
    private void assertServes(Server server) {
        Events client = tls.connect(server, CLIENT);
        client.stream().end("still there");
        client.awaitText("still there").awaitClose();
        tls.accepted().awaitClose();
    }

    private static void send(Socket socket, byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException e) {
            // It has closed already, which is its right.
            assertTrue(e.getMessage() != null);
        }
    }

    @Test
    void plainHttpRequestFailsAndIsToldByAnAlert() throws Exception {
        Server server = tls.echo(SERVER);
        Socket peer = tls.socket(server);
        send(peer, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII));
        Events accepted = tls.accepted();
        assertNotSecure(accepted, "plaintext connection");
        accepted.assertNames("connect", "error", "close(true)");
        byte[] answer = peer.getInputStream().readAllBytes();
        assertEquals(ALERT[0], answer[0]);
        assertEquals(ALERT[1], answer[1]);
        assertServes(server);
    }

    /** Closing with unread bytes would send RST, and what the peer has not taken yet would be lost, the alert with it. */
    @Test
    void alertReachesASlowPeerThatHasSentMuchMoreThanWasRead() throws Exception {
        CountDownLatch sent = new CountDownLatch(1);
        Server server = tls.plainServer(stream -> {
            stream.write(new byte[100_000]);
            Await.latch("all is sent", sent);
            stream.setSecure(SERVER);
        });
        Socket peer = scope.add(new Socket());
        peer.setReceiveBufferSize(4_000);
        peer.setSoTimeout((int) Await.LIMIT.toMillis());
        peer.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), Tls.port(server)));
        byte[] much = new byte[60_000];
        Arrays.fill(much, (byte) 'x');
        peer.getOutputStream().write(much);
        sent.countDown();
        assertNotSecure(tls.accepted(), "plaintext connection");
        byte[] answer = peer.getInputStream().readAllBytes();
        assertEquals(100_000 + 7, answer.length);
        assertEquals(ALERT[0], answer[100_000]);
        assertEquals(ALERT[1], answer[100_001]);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void randomBytesFail(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        Server server = tls.echo(SERVER);
        Socket peer = tls.socket(server);
        byte[] noise = new byte[1 + random.nextInt(40_000)];
        random.nextBytes(noise);
        if (seed % 2 == 0) {
            // As far as a header goes it is a handshake.
            System.arraycopy(new byte[] {22, 3, 1, 2, 0}, 0, noise, 0, Math.min(5, noise.length));
        }
        send(peer, noise);
        peer.shutdownOutput();
        Events accepted = tls.accepted().awaitClose();
        assertEquals("close(true)", accepted.names().getLast(), "seed " + seed);
        assertEquals(0, accepted.count("secure"), "seed " + seed);
        assertServes(server);
    }

    /** The same with a handshake that was sound up to some byte, which is wrong. */
    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14, 15, 16})
    void clientHelloWithAWrongByteFailsOrPasses(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] hello = clientHello();
        hello[random.nextInt(hello.length)] ^= (byte) (1 + random.nextInt(255));
        Server server = tls.echo(SERVER);
        Socket peer = tls.socket(server);
        send(peer, hello);
        peer.shutdownOutput();
        Events accepted = tls.accepted().awaitClose();
        assertEquals("close(true)", accepted.names().getLast(), "seed " + seed);
        assertEquals(0, accepted.count("secure"), "seed " + seed);
        assertServes(server);
    }

    private static byte[] clientHello() throws Exception {
        javax.net.ssl.SSLEngine engine = javax.net.ssl.SSLContext.getDefault().createSSLEngine("localhost", 1);
        engine.setUseClientMode(true);
        java.nio.ByteBuffer bytes = java.nio.ByteBuffer.allocate(20_000);
        engine.wrap(java.nio.ByteBuffer.allocate(0), bytes);
        byte[] hello = new byte[bytes.flip().remaining()];
        bytes.get(hello);
        return hello;
    }

    @Test
    void recordThatWasChangedOnTheWayIsAnErrorAfterWhatCameBefore() throws Exception {
        Server server = tls.server(SERVER);
        Socket socket = tls.socket(server);
        var peer = PeerSockets.secure(socket, true);
        peer.getOutputStream().write("sound".getBytes(US_ASCII));
        Events accepted = tls.accepted().awaitText("sound");
        socket.getOutputStream().write(new byte[] {
            23, 3, 3, 0, 30, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
            26, 27, 28, 29, 30
        });
        assertNotSecure(accepted, "read tcp");
        assertEquals("sound", accepted.text());
        Server other = tls.echo(SERVER);
        assertServes(other);
    }

    @Test
    void recordThatIsTooLongIsAnError() throws Exception {
        Server server = tls.server(SERVER);
        Socket peer = tls.socket(server);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(new byte[] {22, 3, 1, (byte) 0xff, (byte) 0xff});
        bytes.write(new byte[70_000]);
        send(peer, bytes.toByteArray());
        assertNotSecure(tls.accepted(), "secure tcp");
    }

    @Test
    void truncatedRecordIsAnErrorWhenThePeerEnds() throws Exception {
        Server server = tls.server(SERVER);
        Socket peer = tls.socket(server);
        byte[] hello = clientHello();
        peer.getOutputStream().write(hello, 0, hello.length / 2);
        peer.shutdownOutput();
        assertNotSecure(tls.accepted(), "the peer has ended during the handshake");
    }

    @Test
    void handshakeByteByByteSucceeds() throws Exception {
        Server server = tls.echo(SERVER);
        Splicer between = new Splicer(scope, Tls.port(server), 0, 1, 1);
        Events client = tls.connect(between.port(), "localhost", CLIENT);
        client.stream().end("slow");
        client.awaitText("slow").awaitClose();
        assertEquals("close(false)", client.names().getLast(), client::toString);
    }

    /** Clients that connect and say nothing, or announce a large record and send no more of it, cost little and not for long. */
    @Test
    void silentClientsAreGivenUp() throws Exception {
        Server server = tls.echo(
                Pki.keyOf(Pki.SERVER).handshakeTimeout(Duration.ofMillis(300)).build());
        List<Socket> silent = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Socket socket = tls.socket(server);
            if (i % 2 == 1) {
                OutputStream out = socket.getOutputStream();
                out.write(new byte[] {22, 3, 1, 0x40, 0, 1});
            }
            silent.add(socket);
        }
        for (int i = 0; i < silent.size(); i++) {
            Events accepted = tls.accepted();
            accepted.assertClosedAfter("connect", "error", "close(true)");
            assertEquals(NetException.Code.TIMED_OUT, ((NetException) accepted.error()).code(), accepted::toString);
        }
        assertServes(server);
    }

    /** A server that answers with something else. */
    @Test
    void clientOfAPlainServerFails() {
        Server server = tls.plainServer(stream -> stream.write("220 hello, this is plain text\r\n"));
        Events client = tls.stream();
        client.stream().onConnect(() -> client.stream().setSecure(CLIENT));
        client.stream().connect(Tls.port(server), "localhost");
        assertNotSecure(client, "plaintext connection");
        tls.accepted().awaitClose();
        Await.until("no connection is left", () -> server.connections() == 0);
    }
}
