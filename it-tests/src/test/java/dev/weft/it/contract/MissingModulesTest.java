// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.stress.Child;
import dev.weft.it.support.Wire.Connected;
import java.io.IOException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What belongs to Unix sockets and TLS says which artifact to add where that is not there, and harms nothing. */
class MissingModulesTest extends SentencesTest {
    private static final String UNIX =
            ": UnsupportedOperationException: a Unix socket needs dev.weft:weft-unix on the class";
    private static final String TLS = ": UnsupportedOperationException: TLS needs dev.weft:weft-tls on the class";

    @Test
    @DisplayName("Without weft-unix and weft-tls, what needs them names the artifact, and TCP works")
    void eachCallNamesTheArtifact() {
        try (Child program = Child.javaWithoutModules(WithoutModules.class)) {
            String said = program.outputAtEnd();
            assertSays(said, "listen(path)" + UNIX);
            assertSays(said, "listen(path, listening)" + UNIX);
            assertSays(said, "listen(unix address)" + UNIX);
            assertSays(said, "listen(abstract address)" + UNIX);
            assertSays(
                    said, "listenFD(3): UnsupportedOperationException: listenFD needs dev.weft:weft-unix on the class");
            assertSays(said, "listenFD(-1): IllegalArgumentException: fd < 0: -1");
            assertSays(said, "createConnection(path)" + UNIX);
            assertSays(said, "connect(path)" + UNIX);
            assertSays(said, "readyState: returned closed");
            assertSays(said, "setSecure()" + TLS);
            assertSays(said, "setSecure(credentials)" + TLS);
            assertSays(said, "text: tcp");
        }
    }

    private static void assertSays(String said, String line) {
        assertTrue(said.contains(line), () -> "no \"" + line + "\" in\n" + said);
    }

    @Test
    @DisplayName("verifyPeer and getPeerCertificate of a stream that is not secured are refused")
    void plainStreamHasNoPeerToVerify() throws IOException {
        Connected connected = wire.connected();
        assertThrows(IllegalStateException.class, connected.stream()::verifyPeer);
        assertThrows(IllegalStateException.class, connected.stream()::getPeerCertificate);
        connected.stream().end("fine");
        assertEquals("fine", connected.peer().readTextToEnd());
    }
}
