// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.Events;
import dev.weft.it.support.Pki;
import dev.weft.it.support.Tls;
import dev.weft.net.Credentials;
import dev.weft.net.Server;
import io.netty.pkitesting.X509Bundle;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fail closed unless the program looked: who is trusted, and what happens to those who are not. */
class TrustTest extends TlsTest {
    private static final Credentials STRICT =
            Pki.keyOf(Pki.SERVER).ca(Pki.CA.getCertificatePEM()).build();

    private static Credentials.Builder suspicious() {
        return Credentials.builder().ca(Pki.OTHER_CA.getCertificatePEM());
    }

    private static Credentials client(X509Bundle identity) {
        return Pki.keyOf(identity).ca(Pki.CA.getCertificatePEM()).build();
    }

    @Test
    void untrustedServerEndsTheStreamAfterSecureAndNoByteHasPassed() {
        Server server = tls.server(SERVER, stream -> stream.write("from server"));
        Events client = tls.connect(server, suspicious().build());
        client.stream().write("from client");
        assertNotSecure(client, "no secure listener has asked verifyPeer()");
        client.assertNames("connect", "secure", "error", "close(true)");
        Events accepted = tls.accepted();
        accepted.awaitClose();
        assertEquals("", accepted.text());
        assertEquals("", client.text());
        assertNotNull(client.stream().secureSession().verificationError());
    }

    @Test
    void platformsRootsAreTrustedWithoutACa() {
        Server server = tls.server(SERVER);
        Events client = tls.plain(Tls.port(server), "localhost");
        client.stream().setSecure();
        assertNotSecure(client, "unable to find valid certification path");
        tls.accepted().awaitClose();
    }

    @Test
    void programThatLooksDecides() {
        Server server = tls.echo(SERVER);
        Events client = tls.plain(Tls.port(server), "localhost");
        CompletableFuture<Boolean> verified = new CompletableFuture<>();
        client.stream().onSecure(() -> verified.complete(client.stream().verifyPeer()));
        client.stream().setSecure(suspicious().build());
        client.stream().end("all the same");
        client.awaitText("all the same").awaitClose();
        assertFalse(Await.value("it has looked", verified));
        assertEquals("close(false)", client.names().getLast());
        assertTrue(client.stream()
                .secureSession()
                .verificationError()
                .contains("unable to find valid certification path"));
    }

    @Test
    void lookingBeforeTheHandshakeIsNotLooking() {
        Server server = tls.server(SERVER);
        Events client = tls.connect(server, suspicious().build());
        assertFalse(client.stream().verifyPeer() && client.count("secure") == 0);
        assertNotSecure(client, "verifyPeer()");
        tls.accepted().awaitClose();
    }

    @Test
    void untrustedServerFailsTheHandshakeIfSoWished() {
        Server server = tls.server(SERVER);
        Events client = tls.connect(server, suspicious().rejectInHandshake().build());
        assertNotSecure(client, "unable to find valid certification path");
        client.assertNames("connect", "error", "close(true)");
        Events accepted = tls.accepted();
        assertNotSecure(accepted, "certificate_unknown");
    }

    @Test
    void nameThatWasConnectedToIsChecked() {
        X509Bundle elsewhere = Pki.server("else.test");
        Server server = tls.echo(Pki.keyOf(elsewhere).build());
        Events client = tls.connect(server, CLIENT);
        assertNotSecure(client, "localhost");
        Events asked =
                tls.connect(server, Pki.trusting().serverName("else.test").build());
        asked.stream().end("x");
        asked.awaitText("x").awaitClose();
    }

    @Test
    void literalAddressMustBeInTheCertificateToo() {
        Server server = tls.echo(SERVER);
        Events client = tls.connect(Tls.port(server), "127.0.0.1", CLIENT);
        client.stream().end("x");
        client.awaitText("x").awaitClose();
        assertNull(client.stream().secureSession().serverName(), "an address is not sent as a name (RFC 6066 3)");

        Server nameOnly = tls.echo(Pki.keyOf(Pki.server("localhost")).build());
        assertNotSecure(tls.connect(Tls.port(nameOnly), "127.0.0.1", CLIENT), "127.0.0.1");
    }

    @Test
    void expiredCertificateIsNotTrusted() throws Exception {
        // Our own builder refuses it, so a context of the JDK's shows it.
        X509Bundle expired = Pki.issued(
                Pki.CA,
                leaf -> Pki.server()
                        .apply(leaf)
                        .notBefore(Instant.now().minus(Duration.ofDays(3)))
                        .notAfter(Instant.now().minus(Duration.ofDays(2))));
        var context = javax.net.ssl.SSLContext.getInstance("TLS");
        context.init(expired.toKeyManagerFactory().getKeyManagers(), null, null);
        Server server = tls.server(Credentials.builder().context(context).build());
        assertNotSecure(tls.connect(server, CLIENT), "expired");
    }

    @Test
    void clientIsVerifiedByAServerThatWasGivenACa() {
        Server server = tls.echo(STRICT);
        Events client = tls.connect(server, client(Pki.CLIENT));
        client.stream().end("x");
        client.awaitText("x").awaitClose();
        Events accepted = tls.accepted();
        assertTrue(accepted.stream().verifyPeer());
        assertEquals(
                "/O=weft/CN=a client", accepted.stream().getPeerCertificate().subject());
    }

    @Test
    void clientWithoutACertificateFailsThere() {
        Server server = tls.server(STRICT, stream -> stream.write("secret"));
        Events client = tls.connect(server, CLIENT);
        Events accepted = tls.accepted();
        assertNotSecure(accepted, "the peer has shown no certificate");
        accepted.assertNames("connect", "secure", "error", "close(true)");
        client.awaitClose();
        assertEquals("", client.text());
    }

    @Test
    void clientOfAStrangerFailsThereUnlessTheProgramLooks() {
        X509Bundle stranger = Pki.issued(Pki.OTHER_CA, leaf -> leaf.subject("CN=stranger"));
        Server server = tls.server(STRICT);
        Events client = tls.connect(server, client(stranger));
        assertNotSecure(tls.accepted(), "unable to find valid certification path");
        client.awaitClose();

        Server lenient = tls.echo(STRICT);
        lenient.onConnection(stream -> stream.onSecure(() -> stream.verifyPeer()));
        Events welcome = tls.connect(lenient, client(stranger));
        welcome.stream().end("x");
        welcome.awaitText("x").awaitClose();
        assertEquals(
                "/CN=stranger", tls.accepted().stream().getPeerCertificate().subject());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void clientWithoutACertificateFailsTheHandshakeIfSoWished(String protocol) {
        Server server = tls.server(Pki.keyOf(Pki.SERVER)
                .ca(Pki.CA.getCertificatePEM())
                .rejectInHandshake()
                .build());
        Events client = tls.connect(server, Pki.trusting().protocols(protocol).build());
        Events accepted = tls.accepted();
        assertNotSecure(accepted, "");
        accepted.assertNames("connect", "error", "close(true)");
        assertNotSecure(client, "");
    }

    @Test
    void serverWithoutACaAsksNobody() {
        Server server = tls.echo(SERVER);
        Events client = tls.connect(server, client(Pki.CLIENT));
        client.stream().end("x");
        client.awaitText("x").awaitClose();
        Events accepted = tls.accepted();
        assertNull(accepted.stream().getPeerCertificate());
        assertFalse(accepted.stream().verifyPeer());
    }

    @Test
    void serverMayAskWithoutACa() {
        Server server = tls.echo(Pki.keyOf(Pki.SERVER).requestCertificate().build());
        Events client = tls.connect(server, client(Pki.CLIENT));
        client.stream().end("x");
        client.awaitText("x").awaitClose();
        Events accepted = tls.accepted();
        assertEquals(
                "/O=weft/CN=a client", accepted.stream().getPeerCertificate().subject());
        assertFalse(accepted.stream().verifyPeer(), "the platform does not know who has signed it");
    }

    /** A resumed session shows its certificates to nobody in the handshake: it must not become trusted by that. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void resumedSessionIsVerifiedAnew(String protocol) {
        Server server = tls.echo(SERVER);
        Credentials suspicious = suspicious().protocols(protocol).build();
        for (int i = 0; i < 3; i++) {
            Events client = tls.plain(Tls.port(server), "localhost");
            client.stream().onSecure(() -> client.stream().verifyPeer());
            client.stream().setSecure(suspicious);
            assertEchoed(client);
            assertFalse(client.stream().verifyPeer());
        }
        assertNotSecure(tls.connect(server, suspicious), "unable to find valid certification path");
        Credentials trusting = Pki.trusting().protocols(protocol).build();
        for (int i = 0; i < 3; i++) {
            Events client = tls.connect(server, trusting);
            assertEchoed(client);
            assertTrue(client.stream().verifyPeer());
            assertEquals(
                    "/O=weft/CN=localhost", client.stream().getPeerCertificate().subject());
        }
    }

    /** Ends only then: before TLS 1.3 our end would be the server's too, whatever it has to say. */
    private static void assertEchoed(Events client) {
        client.stream().write("x");
        client.awaitText("x").stream().end();
        client.awaitClose();
    }
}
