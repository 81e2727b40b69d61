// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.Events;
import dev.weft.it.support.Tls;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS in the middle of a conversation, as SMTP has it (RFC 3207). */
class StartTlsTest extends TlsTest {
    private static final String COMMAND = "STARTTLS\r\n";
    private static final String REPLY = "220 ready for TLS\r\n";

    /** A server that greets, secures the stream at the command, and answers each line from then on. */
    private Server smtp() {
        return tls.plainServer(stream -> {
            stream.write("220 mail.test\r\n");
            new Lines(stream, (line, rest) -> {
                if (line.equals(COMMAND)) {
                    stream.write(REPLY);
                    stream.setSecure(SERVER, rest);
                } else {
                    stream.write("250 " + line);
                }
            });
        });
    }

    private interface LineListener {
        /**
         * @param rest what came after the line in the same {@code data}
         */
        void handle(String line, ByteBuffer rest) throws Exception;
    }

    /** Takes data apart into lines. */
    private static final class Lines {
        private final StringBuilder line = new StringBuilder();

        Lines(Stream stream, LineListener listener) {
            stream.onData(bytes -> {
                while (bytes.hasRemaining()) {
                    char c = (char) bytes.get();
                    line.append(c);
                    if (c == '\n') {
                        String whole = line.toString();
                        line.setLength(0);
                        boolean upgrade = whole.equals(COMMAND) || whole.equals(REPLY);
                        listener.handle(whole, bytes.slice());
                        if (upgrade) {
                            return; // the rest is TLS's
                        }
                    }
                }
            });
        }
    }

    /** A client that asks for TLS after the greeting, secures at the reply and sends a line then. */
    private Events client(int port) {
        Events client = tls.stream();
        Stream stream = client.stream();
        new Lines(stream, (line, rest) -> {
            switch (line) {
                case "220 mail.test\r\n" -> stream.write(COMMAND);
                case REPLY -> {
                    stream.setSecure(CLIENT, rest);
                    assertFalse(stream.write("password\r\n"), "it waits for the handshake");
                }
                default -> stream.end();
            }
        });
        stream.connect(port, "localhost");
        return client;
    }

    @Test
    void conversationIsSecuredInTheMiddle() {
        Server server = smtp();
        Events client = client(Tls.port(server));
        client.assertClosedAfter("connect", "data", "secure", "data", "end", "close(false)");
        assertEquals("220 mail.test\r\n" + REPLY + "250 password\r\n", client.text());
        Events accepted = tls.accepted();
        accepted.assertClosedAfter("connect", "data", "secure", "data", "end", "close(false)");
        assertEquals(COMMAND + "password\r\n", accepted.text());
    }

    /** Single bytes, small pieces and large ones; the server's reply is split anywhere. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 100, 5000})
    void conversationIsSecuredHoweverItIsCut(int most) throws Exception {
        long seed = 40L + most;
        Splicer between = new Splicer(scope, Tls.port(smtp()), 0, most, seed);
        Events client = client(between.port());
        client.awaitClose();
        assertEquals("220 mail.test\r\n" + REPLY + "250 password\r\n", client.text(), () -> "seed " + seed + client);
        assertEquals("close(false)", client.names().getLast(), () -> "seed " + seed + client);
        tls.accepted().awaitClose();
    }

    /** A client that does not wait for the reply: its ClientHello comes with the command, in one piece. */
    @ParameterizedTest
    @ValueSource(ints = {1, 20, 100})
    void clientHelloMayComeWithTheLineBeforeIt(int more) throws Exception {
        Server server = tls.plainServer(stream -> new Lines(stream, (line, rest) -> {
            if (line.equals(COMMAND)) {
                assertTrue(rest.remaining() >= more, "the beginning of the ClientHello is there");
                stream.setSecure(SERVER, rest);
            } else {
                stream.end(line);
            }
        }));
        Splicer between = new Splicer(scope, Tls.port(server), COMMAND.length() + more, 5000, 7);
        Events client = tls.plain(between.port(), "localhost");
        client.stream().write(COMMAND);
        client.stream().setSecure(CLIENT);
        client.stream().write("secret\r\n");
        client.awaitText("secret\r\n");
        client.awaitClose();
        assertEquals("close(false)", client.names().getLast(), client::toString);
    }

    /** What is queued because the peer does not read goes out as it is, then TLS begins. */
    @Test
    void whatIsQueuedBeforeGoesOutInPlainText() throws Exception {
        ServerSocket listener = tls.listener();
        Events client = tls.plain(listener.getLocalPort(), "localhost");
        Socket peer = scope.add(listener.accept());
        client.await("connect");
        byte[] much = new byte[8 << 20];
        assertFalse(client.stream().write(much));
        client.stream().setSecure(CLIENT);
        assertFalse(client.stream().write("secret"));
        byte[] plain = peer.getInputStream().readNBytes(much.length);
        assertEquals(much.length, plain.length);
        SSLSocket secured = PeerSockets.secure(peer, false);
        assertEquals("secret", new String(secured.getInputStream().readNBytes(6), US_ASCII));
        secured.close();
        client.awaitClose();
    }

    @Test
    void setSecureFromAnotherThreadWhileTheReaderIsParked() throws Exception {
        Server server = tls.plainServer(stream -> {});
        Events client = tls.plain(Tls.port(server), "localhost").await("connect");
        Events accepted = tls.accepted().await("connect");
        accepted.stream().setSecure(SERVER);
        client.stream().setSecure(CLIENT);
        accepted.stream().write("from server");
        client.stream().write("from client");
        client.awaitText("from server");
        accepted.awaitText("from client");
        client.stream().end();
        client.awaitClose();
        accepted.awaitClose();
    }

    /** Lines that are injected before the handshake are not part of what was secured (CVE-2011-0411): they are no TLS. */
    @Test
    void plainTextThatIsSneakedInAfterTheCommandFailsTheHandshake() throws Exception {
        Server server = smtp();
        Socket peer = tls.socket(server);
        peer.getOutputStream().write((COMMAND + "RSET\r\nRSET\r\nRSET\r\n").getBytes(US_ASCII));
        Events accepted = tls.accepted();
        assertNotSecure(accepted, "secure tcp");
        assertEquals(0, accepted.count("secure"));
    }

    @Test
    void failedUpgradeEndsTheStream() throws Exception {
        CompletableFuture<Boolean> secured = new CompletableFuture<>();
        Server server = tls.plainServer(stream -> stream.onData(bytes -> {
            stream.setSecure(SERVER);
            secured.complete(true);
        }));
        Socket peer = tls.socket(server);
        peer.getOutputStream().write('.');
        assertTrue(Await.value("it is secured", secured));
        peer.getOutputStream().write("this is no ClientHello\r\n".getBytes(US_ASCII));
        assertNotSecure(tls.accepted(), "secure tcp");
        byte[] alert = peer.getInputStream().readAllBytes();
        assertEquals(21, alert[0], "the peer is told by an alert");
    }
}
