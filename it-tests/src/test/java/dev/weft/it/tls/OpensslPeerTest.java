// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.peers.Programs;
import dev.weft.it.stress.Child;
import dev.weft.it.support.Await;
import dev.weft.it.support.Events;
import dev.weft.it.support.Pki;
import dev.weft.it.support.Tls;
import dev.weft.net.Credentials;
import dev.weft.net.Server;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code openssl s_client} and {@code openssl s_server} on the other side. */
class OpensslPeerTest extends TlsTest {
    @TempDir
    private static Path directory;

    private static String ca;
    private static String otherCa;

    @BeforeAll
    static void needsOpenssl() {
        Programs.assumePresent("openssl");
        ca = Pki.file(directory, "ca.pem", Pki.CA.getCertificatePEM());
        otherCa = Pki.file(directory, "other.pem", Pki.OTHER_CA.getCertificatePEM());
    }

    private static String[] files(X509Bundle bundle, String name) {
        return new String[] {
            "-key", Pki.file(directory, name + "-key.pem", bundle.getPrivateKeyPEM()),
            "-cert", Pki.file(directory, name + ".pem", bundle.getCertificatePEM())
        };
    }

    private Child openssl(List<String> first, String... more) {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(first);
        command.addAll(Arrays.asList(more));
        return scope.add(Child.start(command));
    }

    private static String[] and(String[] some, String... more) {
        List<String> all = new ArrayList<>(Arrays.asList(some));
        all.addAll(Arrays.asList(more));
        return all.toArray(String[]::new);
    }

    // -- s_client. --

    private Child client(Server server, String... more) {
        return openssl(
                List.of(
                        "s_client",
                        "-connect",
                        "127.0.0.1:" + Tls.port(server),
                        "-servername",
                        "localhost",
                        "-verify_return_error",
                        "-quiet",
                        "-no_ign_eof"),
                more);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void clientTalksAndEnds(String version) {
        Server server = tls.echo(SERVER);
        Child client = client(server, "-CAfile", ca, version);
        client.tell("hello");
        client.await("hello");
        client.endInput();
        Events accepted = tls.accepted();
        accepted.assertClosedAfter("connect", "secure", "data", "end", "close(false)");
        assertEquals(
                "-tls1_2".equals(version) ? "TLSv1.2" : "TLSv1.3",
                accepted.stream().secureSession().protocol());
        assertEquals("localhost", accepted.stream().secureSession().serverName());
    }

    /** {@code K} has it change its keys and ask for ours to be changed. */
    @Test
    void clientChangesKeysInTheMiddle() {
        Server server = tls.echo(SERVER);
        Child client = client(server, "-CAfile", ca, "-tls1_3");
        for (int i = 0; i < 3; i++) {
            client.tell("line " + i);
            client.await("line " + i);
            client.tell("K");
            int updates = i + 1;
            Await.until(
                    () -> updates + " key updates: " + client,
                    () -> client.errors().split("KEYUPDATE", -1).length > updates);
        }
        client.tell("last");
        client.await("last");
        client.endInput();
        tls.accepted().assertClosedAfter("connect", "secure", "data", "end", "close(false)");
    }

    @Test
    void clientThatWantsToRenegotiateIsRefused() {
        Server server = tls.echo(SERVER);
        Child client = client(server, "-CAfile", ca, "-tls1_2");
        client.tell("hello");
        client.await("hello");
        client.tell("R");
        assertNotSecure(tls.accepted(), "negotiate anew");
    }

    @Test
    void clientThatDoesNotKnowOurRootTellsSo() {
        Server server = tls.echo(SERVER);
        Child client = client(server, "-CAfile", otherCa);
        Events accepted = tls.accepted();
        assertToldUnknownRoot(accepted);
        client.endInput();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void clientShowsItsCertificate(String version) {
        Server server =
                tls.echo(Pki.keyOf(Pki.SERVER).ca(Pki.CA.getCertificatePEM()).build());
        Child client = client(server, and(files(Pki.CLIENT, "client"), "-CAfile", ca, version));
        client.tell("hello");
        client.await("hello");
        Events accepted = tls.accepted();
        assertTrue(accepted.stream().verifyPeer());
        assertEquals(
                "/O=weft/CN=a client", accepted.stream().getPeerCertificate().subject());
        client.endInput();
        accepted.awaitClose();
    }

    @Test
    void clientThatIsKilledHasNotEndedCleanly() {
        Server server = tls.echo(SERVER);
        Child client = client(server, "-CAfile", ca);
        client.tell("hello");
        client.await("hello");
        client.close();
        Events accepted = tls.accepted();
        accepted.awaitClose();
        assertEquals("close(true)", accepted.names().getLast(), accepted::toString);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void clientResumesItsSession(String version) {
        Server server = tls.echo(SERVER);
        String session = directory.resolve("session" + version).toString();
        Child first = openssl(
                List.of("s_client", "-connect", "127.0.0.1:" + Tls.port(server), "-CAfile", ca, "-sess_out", session),
                version);
        first.tell("hello");
        first.await("hello");
        first.tell("Q");
        String unused = first.outputAtEnd();
        Child second = openssl(
                List.of("s_client", "-connect", "127.0.0.1:" + Tls.port(server), "-CAfile", ca, "-sess_in", session),
                version);
        second.await("Reused, TLSv1." + version.charAt(version.length() - 1));
        second.tell("again");
        second.await("again");
        second.tell("Q");
        tls.accepted().awaitClose();
        tls.accepted().awaitClose();
    }

    // -- s_server. --

    private int port(Child server) {
        return Integer.parseInt(server.await("ACCEPT 127.0.0.1:"));
    }

    /** It sends back each line, reversed. */
    private Child server(X509Bundle bundle, String... more) {
        return openssl(List.of("s_server", "-accept", "127.0.0.1:0", "-rev"), and(files(bundle, "server"), more));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void serverIsTalkedTo(String version) {
        int port = port(server(Pki.SERVER, version));
        Events client = tls.connect(port, "localhost", CLIENT);
        client.stream().write("hello\n");
        client.awaitText("olleh\n");
        assertTrue(client.stream().verifyPeer());
        client.stream().end();
        client.awaitClose();
        assertEquals("close(false)", client.names().getLast(), client::toString);
    }

    @Test
    void serverWithACertificateOfAnotherRootIsNotTrusted() {
        int port = port(server(Pki.issued(Pki.OTHER_CA, Pki.server())));
        assertNotSecure(tls.connect(port, "localhost", CLIENT), "unable to find valid certification path");
    }

    @Test
    void serverWithAnExpiredCertificateIsNotTrusted() {
        X509Bundle expired = Pki.issued(
                Pki.CA,
                leaf -> Pki.server()
                        .apply(leaf)
                        .notBefore(Instant.now().minus(Duration.ofDays(3)))
                        .notAfter(Instant.now().minus(Duration.ofDays(2))));
        assertNotSecure(tls.connect(port(server(expired)), "localhost", CLIENT), "a certificate has expired");
    }

    @Test
    void serverWithAnotherNameIsNotTrusted() {
        int port = port(server(Pki.server("else.test")));
        assertNotSecure(tls.connect(port, "localhost", CLIENT), "localhost");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void serverWantsOurCertificate(String version) {
        Child server = server(Pki.SERVER, version, "-Verify", "1", "-verify_return_error", "-CAfile", ca);
        int port = port(server);
        Events stranger = tls.connect(port, "localhost", CLIENT);
        stranger.awaitClose();
        assertEquals("close(true)", stranger.names().getLast(), stranger::toString);
        Credentials known = Pki.keyOf(Pki.CLIENT).ca(Pki.CA.getCertificatePEM()).build();
        Events client = tls.connect(port, "localhost", known);
        client.stream().write("hello\n");
        client.awaitText("olleh\n");
        client.stream().end();
        client.awaitClose();
    }

    @Test
    void serverThatIsKilledHasNotEndedCleanly() {
        Child server = server(Pki.SERVER);
        Events client = tls.connect(port(server), "localhost", CLIENT);
        client.stream().write("hello\n");
        client.awaitText("olleh\n");
        server.close();
        client.awaitClose();
        assertFalse(client.names().contains("end"), client::toString);
        assertEquals("close(true)", client.names().getLast(), client::toString);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    void weResumeOurSession(String version) {
        Child server = openssl(
                List.of("s_server", "-accept", "127.0.0.1:0", "-naccept", "2"),
                and(files(Pki.SERVER, "server"), version));
        int port = port(server);
        Credentials credentials = Pki.trusting().build();
        for (int i = 0; i < 2; i++) {
            Events client = tls.connect(port, "localhost", credentials);
            client.stream().write("hello " + i + "\n");
            server.await("hello " + i);
            client.stream().end();
            client.awaitClose();
        }
        String unused = server.said("Reused session-id");
    }
}
