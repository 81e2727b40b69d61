// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.peers.Programs;
import dev.weft.it.stress.Child;
import dev.weft.it.support.Pki;
import dev.weft.it.support.Tls;
import dev.weft.net.Encoding;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A small answer over HTTPS. */
class CurlTlsPeerTest extends TlsTest {
    @TempDir
    private static Path directory;

    @BeforeAll
    static void needsCurl() {
        Programs.assumePresent("curl");
    }

    private static void answer(Stream stream) {
        stream.setEncoding(Encoding.LATIN1);
        StringBuilder request = new StringBuilder();
        stream.onText(text -> {
            if (request.append(text).indexOf("\r\n\r\n") >= 0) {
                stream.end("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n");
            }
        });
    }

    private Child curl(Server server, String ca, String... more) {
        List<String> command = new java.util.ArrayList<>(
                List.of("curl", "-sS", "--max-time", "20", "--noproxy", "*", "--http1.1", "--cacert", ca));
        command.addAll(List.of(more));
        command.add("https://localhost:" + Tls.port(server) + "/");
        return scope.add(Child.start(command));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.2", "1.3"})
    void curlGetsAnAnswer(String version) {
        Server server = tls.server(SERVER, CurlTlsPeerTest::answer);
        String ca = Pki.file(directory, "ca.pem", Pki.CA.getCertificatePEM());
        Child curl = curl(server, ca, "--tlsv" + version, "--tls-max", version);
        assertEquals("hello\n", curl.outputAtEnd(), curl::toString);
        assertEquals("", curl.errors());
        tls.accepted().awaitClose();
    }

    @Test
    void curlRefusesARootThatItDoesNotKnow() {
        Server server = tls.server(SERVER, CurlTlsPeerTest::answer);
        String ca = Pki.file(directory, "other.pem", Pki.OTHER_CA.getCertificatePEM());
        Child curl = curl(server, ca);
        assertEquals("", curl.outputAtEnd());
        assertTrue(curl.errors().contains("certificate"), curl::toString);
        assertToldUnknownRoot(tls.accepted());
    }
}
