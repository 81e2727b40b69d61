// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.Events;
import dev.weft.it.support.Pki;
import dev.weft.it.support.Tls;
import dev.weft.net.Credentials;
import dev.weft.net.Net;
import dev.weft.net.NetException;
import dev.weft.net.PeerCertificate;
import dev.weft.net.ReplaceableCredentials;
import dev.weft.net.SecureSession;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import io.netty.pkitesting.X509Bundle;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code setSecure} between two streams: what is told, what is known then, what can be chosen. */
class HandshakeTest extends TlsTest {
    @Test
    void secureComesAfterConnectAndBeforeData() {
        Server server = tls.echo(SERVER);
        Events client = tls.connect(server, CLIENT);
        client.stream().write("hello");
        client.awaitText("hello");
        client.stream().end();
        client.assertClosedAfter("connect", "secure", "data", "end", "close(false)");
        tls.accepted().assertClosedAfter("connect", "secure", "data", "end", "close(false)");
    }

    @Test
    void whatIsWrittenBeforeSecureIsQueuedAndFollowedByDrain() {
        Server server = tls.echo(SERVER);
        Events client = tls.stream();
        CompletableFuture<Boolean> written = new CompletableFuture<>();
        client.stream().onConnect(() -> written.complete(client.stream().write("early")));
        // before connect, or the listener may have written in plain text already
        client.stream().setSecure(CLIENT).connect(Tls.port(server), "localhost");
        assertFalse(Await.value("it is written", written));
        client.awaitText("early").await("drain");
        assertEquals(5, client.stream().bytesWritten());
        assertEquals(5, client.stream().bytesRead());
        client.stream().end();
        client.awaitClose();
    }

    @Test
    void writesAfterSecureAreTrueWhenTheKernelHasThem() {
        Server server = tls.server(SERVER);
        Events client = tls.connect(server, CLIENT);
        LinkedBlockingQueue<Boolean> written = new LinkedBlockingQueue<>();
        client.stream().onData(bytes -> written.add(client.stream().write("answer")));
        Events accepted = tls.accepted();
        accepted.stream().write("question");
        if (!Await.next("the client answers in its turn", written)) {
            // The writer that has sent the client's last word in the handshake was not back yet.
            client.await("drain");
        }
        accepted.awaitText("answer").stream().write("another question");
        assertTrue(Await.next("the client answers in its turn, and nobody else writes", written));
        accepted.awaitText("answeranswer");
        client.stream().end();
        accepted.awaitClose();
    }

    @Test
    void sessionSaysWhatWasAgreed() {
        Server server = tls.echo(
                Pki.keyOf(Pki.SERVER).applicationProtocols("h2", "http/1.1").build());
        Events client = tls.stream();
        client.stream()
                .setSecure(Pki.trusting().applicationProtocols("http/1.1").build());
        assertNull(client.stream().getPeerCertificate());
        assertNull(client.stream().secureSession());
        assertFalse(client.stream().verifyPeer(), "nothing is known before the handshake");
        client.stream().connect(Tls.port(server), "localhost");
        client.await("secure");
        SecureSession session = client.stream().secureSession();
        assertEquals("TLSv1.3", session.protocol());
        assertTrue(session.cipher().startsWith("TLS_"), session::cipher);
        assertEquals("http/1.1", session.applicationProtocol());
        assertEquals("localhost", session.serverName());
        assertEquals(List.of(Pki.SERVER.getCertificatePath()), session.peerCertificates());
        assertNull(session.verificationError());
        assertTrue(client.stream().verifyPeer());
        Events accepted = tls.accepted().await("secure");
        assertEquals("http/1.1", accepted.stream().secureSession().applicationProtocol());
        assertEquals("localhost", accepted.stream().secureSession().serverName());
        assertNull(accepted.stream().getPeerCertificate());
        client.stream().end();
        client.awaitClose();
        assertEquals(session, client.stream().secureSession(), "kept after close");
        assertNotNull(client.stream().getPeerCertificate());
    }

    @Test
    void peerCertificateIsWhatTheDocumentSays() {
        Server server = tls.echo(SERVER);
        Events client = tls.connect(server, CLIENT).await("secure");
        PeerCertificate certificate = client.stream().getPeerCertificate();
        assertEquals("/O=weft/CN=localhost", certificate.subject());
        assertEquals("/CN=weft test root", certificate.issuer());
        assertEquals(Pki.SERVER.getCertificate().getNotBefore().toInstant(), certificate.validFrom());
        assertEquals(Pki.SERVER.getCertificate().getNotAfter().toInstant(), certificate.validTo());
        assertEquals(
                List.of("subject", "issuer", "valid_from", "valid_to", "fingerprint"),
                List.copyOf(certificate.toMap().keySet()));
        client.stream().end();
        client.awaitClose();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void protocolCanBeChosen(String protocol) {
        Server server = tls.echo(SERVER);
        Events client = tls.connect(server, Pki.trusting().protocols(protocol).build());
        client.await("secure");
        assertEquals(protocol, client.stream().secureSession().protocol());
        client.stream().end("over " + protocol);
        client.awaitText("over " + protocol).awaitClose();
        assertEquals("close(false)", client.names().getLast(), client::toString);
        assertEquals("close(false)", tls.accepted().awaitClose().names().getLast());
    }

    @Test
    void cipherCanBeChosen() {
        Server server = tls.echo(SERVER);
        Events client = tls.connect(
                        server,
                        Pki.trusting().ciphers("TLS_CHACHA20_POLY1305_SHA256").build())
                .await("secure");
        assertEquals(
                "TLS_CHACHA20_POLY1305_SHA256", client.stream().secureSession().cipher());
        client.stream().end();
        client.awaitClose();
    }

    @Test
    void sidesWithoutACommonProtocolFailBoth() {
        Server server = tls.server(Pki.keyOf(Pki.SERVER).protocols("TLSv1.3").build());
        Events client = tls.connect(server, Pki.trusting().protocols("TLSv1.2").build());
        assertNotSecure(client, "protocol_version");
        assertNotSecure(tls.accepted(), "");
        client.assertNames("connect", "error", "close(true)");
    }

    @Test
    void sidesWithoutACommonApplicationProtocolFailBoth() {
        Server server =
                tls.server(Pki.keyOf(Pki.SERVER).applicationProtocols("h2").build());
        Events client =
                tls.connect(server, Pki.trusting().applicationProtocols("imap").build());
        assertNotSecure(client, "no_application_protocol");
        assertNotSecure(tls.accepted(), "");
    }

    @Test
    void serverShowsTheCertificateOfTheNameThatIsAskedFor() {
        X509Bundle one = Pki.server("one.test");
        X509Bundle two = Pki.server("*.two.test");
        Server server = tls.echo(Pki.keyOf(Pki.SERVER)
                .name("one.test", Pki.keyOf(one).build())
                .name("*.two.test", Pki.keyOf(two).build())
                .build());
        for (String[] pair : new String[][] {
            {"one.test", "/CN=one.test"},
            {"ONE.test", "/CN=one.test"},
            {"a.two.test", "/CN=*.two.test"},
            {"localhost", "/O=weft/CN=localhost"}
        }) {
            Events client =
                    tls.connect(server, Pki.trusting().serverName(pair[0]).build());
            client.stream().end("x");
            client.awaitText("x").awaitClose();
            assertEquals(pair[1], client.stream().getPeerCertificate().subject());
            assertTrue(client.stream().verifyPeer());
        }
        Events stranger =
                tls.connect(server, Pki.trusting().serverName("three.test").build());
        assertNotSecure(stranger, "three.test");
    }

    @Test
    void credentialsAreReplacedWhileTheServerRuns() {
        ReplaceableCredentials credentials =
                new ReplaceableCredentials(Pki.keyOf(Pki.SERVER).build());
        Server server = tls.echo(credentials);
        Events before = tls.connect(server, CLIENT).await("secure");
        X509Bundle renewed = Pki.issued(Pki.CA, leaf -> Pki.server().apply(leaf).subject("CN=renewed"));
        assertThrows(
                IllegalArgumentException.class,
                () -> credentials.replace(Credentials.builder()
                        .key(renewed.getPrivateKeyPEM())
                        .cert(Pki.SERVER.getCertificatePEM())
                        .build()));
        Events still = tls.connect(server, CLIENT).await("secure");
        assertEquals("/O=weft/CN=localhost", still.stream().getPeerCertificate().subject());
        credentials.replace(Pki.keyOf(renewed).build());
        Events after = tls.connect(server, CLIENT).await("secure");
        assertEquals("/CN=renewed", after.stream().getPeerCertificate().subject());
        for (Events client : List.of(before, still, after)) {
            client.stream().end("goes on");
            client.awaitText("goes on").awaitClose();
        }
    }

    @Test
    void credentialsOfANameAreReplacedToo() {
        X509Bundle old = Pki.server("one.test");
        X509Bundle renewed =
                Pki.issued(Pki.CA, leaf -> leaf.subject("CN=renewed").addSanDnsName("one.test"));
        ReplaceableCredentials named = new ReplaceableCredentials(Pki.keyOf(old).build());
        Server server = tls.echo(Pki.keyOf(Pki.SERVER).name("one.test", named).build());
        for (String subject : List.of("/CN=one.test", "/CN=renewed")) {
            Events client =
                    tls.connect(server, Pki.trusting().serverName("one.test").build());
            client.stream().end("x");
            client.awaitText("x").awaitClose();
            assertEquals(subject, client.stream().getPeerCertificate().subject());
            named.replace(Pki.keyOf(renewed).build());
        }
    }

    @Test
    void contextOfTheProgramIsUsedAsItIs() throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(
                Pki.SERVER.toKeyManagerFactory().getKeyManagers(), new TrustManager[] {Pki.CA.toTrustManager()}, null);
        Credentials credentials = Credentials.builder().context(context).build();
        Server server = tls.echo(credentials);
        Events client = tls.connect(server, credentials);
        client.stream().end("x");
        client.awaitText("x").awaitClose();
        assertTrue(client.stream().verifyPeer());
        Events wrongName = tls.connect(
                server,
                Credentials.builder().context(context).serverName("else.test").build());
        assertNotSecure(wrongName, "else.test");
    }

    @Test
    void keyStoreHasTheSameParts() throws Exception {
        char[] password = "secret".toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("us", Pki.SERVER.getKeyPair().getPrivate(), password, Pki.SERVER.getCertificatePath());
        KeyStore roots = KeyStore.getInstance("PKCS12");
        roots.load(null, null);
        roots.setCertificateEntry("root", Pki.CA.getCertificate());
        Server server = tls.echo(Credentials.builder().keyStore(store, password).build());
        Events client = tls.connect(
                server, Credentials.builder().keyStore(roots, password).build());
        client.stream().end("x");
        client.awaitText("x").awaitClose();
        assertTrue(client.stream().verifyPeer());
    }

    @Test
    void serverWithoutAKeyIsRefusedAtOnce() {
        ConcurrentLinkedQueue<String> messages = new ConcurrentLinkedQueue<>();
        Server server = tls.plainServer(stream -> {
            messages.add(assertThrows(IllegalArgumentException.class, () -> stream.setSecure(CLIENT))
                    .getMessage());
            stream.end("plain");
        });
        Events client = tls.plain(Tls.port(server), "localhost");
        client.awaitText("plain").awaitClose();
        assertEquals(
                List.of("a server needs a key and a certificate, and these credentials have none"),
                List.copyOf(messages));
    }

    @Test
    void handshakeThatTakesTooLongFails() throws Exception {
        Credentials impatient = Pki.keyOf(Pki.SERVER)
                .ca(Pki.CA.getCertificatePEM())
                .handshakeTimeout(Duration.ofMillis(50))
                .build();
        Server server = tls.server(impatient);
        Socket silent = tls.socket(server);
        Events accepted = tls.accepted();
        accepted.assertClosedAfter("connect", "error", "close(true)");
        NetException error = assertInstanceOf(NetException.class, accepted.error());
        assertEquals(NetException.Code.TIMED_OUT, error.code());
        assertTrue(error.getMessage().endsWith("no handshake within handshakeTimeout 50 ms"), error::getMessage);
        assertEquals(-1, silent.getInputStream().read());

        ServerSocket mute = tls.listener();
        Events client = tls.connect(mute.getLocalPort(), "localhost", impatient);
        client.assertClosedAfter("connect", "error", "close(true)");
        assertEquals(
                NetException.Code.TIMED_OUT,
                assertInstanceOf(NetException.class, client.error()).code());
    }

    @Test
    void handshakeTimeoutIsOverWithTheHandshake() {
        Credentials brief =
                Pki.trusting().handshakeTimeout(Duration.ofSeconds(2)).build();
        Server server = tls.echo(SERVER);
        Events client = tls.connect(server, brief).await("secure");
        Events probe = tls.connect(server, brief);
        probe.stream().end();
        probe.awaitClose();
        client.stream().end("still there");
        client.awaitText("still there").awaitClose();
    }

    @Test
    void setSecureAfterThePeerHasEndedIsAnErrorAndOnAClosedStreamNothing() throws Exception {
        ServerSocket brief = tls.listener();
        Stream stream =
                scope.add(Net.createStream(dev.weft.net.StreamOptions.defaults().allowHalfOpen(true)));
        Events events = Events.of(scope, stream);
        stream.connect(brief.getLocalPort(), "localhost");
        brief.accept().close();
        events.await("end");
        stream.setSecure(CLIENT);
        assertNotSecure(events, "the peer has ended already");
        stream.setSecure(CLIENT);
    }

    @Test
    void secureStreamConnectsAgain() {
        Server server = tls.echo(SERVER);
        Events client = tls.connect(server, CLIENT);
        client.stream().end("one");
        client.awaitText("one").awaitClose();
        client.stream().connect(Tls.port(server), "localhost").setSecure(CLIENT);
        client.stream().end("two");
        client.awaitText("onetwo").await("close(false)", 2);
        assertEquals(2, client.count("secure"));
    }

    /** Both read and write as fast as they can, and change keys meanwhile. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void bulkGoesBothWaysAtOnce(long seed) {
        byte[] much = new byte[8 << 20];
        new SplittableRandom(seed).nextBytes(much);
        Server server = tls.server(SERVER, stream -> stream.onSecure(() -> stream.write(much)));
        Events client = tls.connect(server, CLIENT);
        client.stream().write(ByteBuffer.wrap(much));
        client.awaitSize(much.length);
        Events accepted = tls.accepted().awaitSize(much.length);
        assertTrue(java.util.Arrays.equals(much, client.bytes()), "seed " + seed);
        assertTrue(java.util.Arrays.equals(much, accepted.bytes()), "seed " + seed);
        client.stream().end();
        client.awaitClose();
        accepted.awaitClose();
    }

    @Test
    void blockingFaceIsSecuredToo() throws Exception {
        Server server = tls.server(SERVER, stream -> {
            try (var in = stream.inputStream();
                    var out = stream.outputStream()) {
                in.transferTo(out);
            }
        });
        byte[] much = new byte[1 << 20];
        new SplittableRandom(3).nextBytes(much);
        Events client = tls.connect(server, CLIENT);
        client.stream().end(ByteBuffer.wrap(much));
        client.awaitSize(much.length).awaitClose();
        assertTrue(java.util.Arrays.equals(much, client.bytes()));
        assertEquals("close(false)", client.names().getLast(), client::toString);
    }
}
