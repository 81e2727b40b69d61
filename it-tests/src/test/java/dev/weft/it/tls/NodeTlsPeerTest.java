// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.peers.Programs;
import dev.weft.it.stress.Child;
import dev.weft.it.support.Events;
import dev.weft.it.support.Pki;
import dev.weft.it.support.Tls;
import dev.weft.net.Credentials;
import dev.weft.net.Server;
import io.netty.pkitesting.X509Bundle;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Node's {@code tls} on the other side, both ways. */
class NodeTlsPeerTest extends TlsTest {
    @TempDir
    private static Path directory;

    private static String ca;
    private static String otherCa;
    private static String key;
    private static String cert;

    @BeforeAll
    static void needsNode() {
        Programs.assumePresent("node");
        ca = Pki.file(directory, "ca.pem", Pki.CA.getCertificatePEM());
        otherCa = Pki.file(directory, "other.pem", Pki.OTHER_CA.getCertificatePEM());
        key = Pki.file(directory, "key.pem", Pki.SERVER.getPrivateKeyPEM());
        cert = Pki.file(directory, "cert.pem", Pki.SERVER.getCertificatePathPEM());
    }

    private Child node(String... arguments) {
        try {
            List<String> command = new ArrayList<>(List.of(
                    "node",
                    Path.of(NodeTlsPeerTest.class.getResource("tls-peer.js").toURI())
                            .toString()));
            command.addAll(Arrays.asList(arguments));
            return scope.add(Child.start(command));
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void nodeTalksToOurServer() {
        Server server =
                tls.echo(Pki.keyOf(Pki.SERVER).applicationProtocols("weft").build());
        Child node = node("connect", "" + Tls.port(server), ca);
        assertEquals("TLSv1.3 true weft", node.expect("secure"));
        node.tell("hello");
        assertEquals("\"hello\\n\"", node.expect("data"));
        node.endInput();
        node.expect("end");
        assertEquals("false", node.expect("close"));
        tls.accepted().assertClosedAfter("connect", "secure", "data", "end", "close(false)");
    }

    @Test
    void nodeRefusesOurServerIfItDoesNotKnowItsRoot() {
        Server server = tls.echo(SERVER);
        Child node = node("connect", "" + Tls.port(server), otherCa);
        assertTrue(node.expect("error").startsWith("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), node::toString);
        node.expect("close");
        Events accepted = tls.accepted().awaitClose();
        assertEquals("close(true)", accepted.names().getLast(), accepted::toString);
    }

    @Test
    void nodeShowsItsCertificateToOurServer() {
        Server server =
                tls.echo(Pki.keyOf(Pki.SERVER).ca(Pki.CA.getCertificatePEM()).build());
        X509Bundle identity = Pki.CLIENT;
        Child node = node(
                "connect",
                "" + Tls.port(server),
                ca,
                Pki.file(directory, "client-key.pem", identity.getPrivateKeyPEM()),
                Pki.file(directory, "client-cert.pem", identity.getCertificatePathPEM()));
        node.await("secure");
        node.tell("it is me");
        node.await("data");
        Events accepted = tls.accepted();
        assertEquals(
                "/O=weft/CN=a client", accepted.stream().getPeerCertificate().subject());
        assertTrue(accepted.stream().verifyPeer());
        node.endInput();
        accepted.awaitClose();
    }

    @Test
    void weTalkToNodesServerAndReadOnAfterOurEnd() {
        Child node = node("listen", key, cert);
        Events client = tls.connect(Integer.parseInt(node.expect("listening")), "localhost", CLIENT);
        client.stream().write("hello");
        assertEquals("TLSv1.3 false localhost", node.expect("secure"));
        client.awaitText("hello");
        client.stream().end();
        client.awaitText("hellogoodbye");
        client.assertClosedAfter("connect", "secure", "data", "end", "close(false)");
        node.await("end");
        assertEquals("false", node.await("close"));
    }

    @Test
    void nodesServerRefusesUsWithoutACertificate() {
        Child node = node("listen", key, cert, ca);
        int port = Integer.parseInt(node.expect("listening"));
        Events stranger = tls.connect(port, "localhost", CLIENT);
        stranger.awaitClose();
        assertEquals("close(true)", stranger.names().getLast(), stranger::toString);
        node.await("refused");
        Events known = tls.connect(
                port,
                "localhost",
                Pki.keyOf(Pki.CLIENT).ca(Pki.CA.getCertificatePEM()).build());
        known.stream().end("hello");
        assertEquals("TLSv1.3 true localhost", node.await("secure"));
        known.awaitText("hellogoodbye").awaitClose();
        assertEquals("close(false)", known.names().getLast());
    }

    /** The text forms of a certificate, as Node has them. */
    @Test
    void certificateReadsAsNodeReadsIt() {
        X509Bundle odd = Pki.issued(
                Pki.CA, leaf -> Pki.server().apply(leaf).subject("CN=localhost,OU=Test,O=node.js,ST=Acknack Ltd,C=UK"));
        Credentials server = Pki.keyOf(odd).build();
        Events client = tls.connect(tls.echo(server), CLIENT).await("secure");
        assertEquals(
                "/C=UK/ST=Acknack Ltd/O=node.js/OU=Test/CN=localhost",
                client.stream().getPeerCertificate().subject());
        String file = Pki.file(directory, "odd.pem", odd.getCertificatePEM());
        Child node = scope.add(Child.start(List.of(
                "node",
                "-e",
                "const c = new (require('crypto').X509Certificate)(require('fs').readFileSync('" + file + "'));"
                        + "console.log(c.validFrom); console.log(c.validTo); console.log(c.fingerprint)")));
        var map = client.stream().getPeerCertificate().toMap();
        assertEquals(
                map.get("valid_from") + "\n" + map.get("valid_to") + "\n" + map.get("fingerprint") + "\n",
                node.outputAtEnd());
        client.stream().end();
        client.awaitClose();
    }
}
