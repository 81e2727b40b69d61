// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.PeerListener;
import dev.weft.it.support.Wire.Connected;
import dev.weft.net.Net;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What belongs to Unix sockets and TLS says which artifact to add where that is not there, and harms nothing. */
class MissingModulesTest extends SentencesTest {
    private static void assertNames(String artifact, Runnable call) {
        UnsupportedOperationException missing = assertThrows(UnsupportedOperationException.class, call::run);
        assertTrue(missing.getMessage().contains(artifact), missing::getMessage);
    }

    @Test
    @DisplayName("Start a UNIX socket server listening for connections on the given `path`. (needs weft-unix)")
    void listenOnAPathNamesTheArtifact() throws IOException {
        Server server = wire.server(options -> options, stream -> stream.end("tcp"));
        assertNames("dev.weft:weft-unix", () -> server.listen("/tmp/weft-missing.sock"));
        assertNames("dev.weft:weft-unix", () -> server.listen("/tmp/weft-missing.sock", () -> {}));
        assertEquals("tcp", wire.dial(wire.listen(server)).readTextToEnd());
    }

    @Test
    @DisplayName("Start a server listening for connections on the given file descriptor. (needs weft-unix)")
    void listenFdNamesTheArtifact() throws IOException {
        Server server = wire.server(options -> options, stream -> stream.end("tcp"));
        assertNames("dev.weft:weft-unix", () -> server.listenFD(3));
        assertThrows(IllegalArgumentException.class, () -> server.listenFD(-1));
        assertEquals("tcp", wire.dial(wire.listen(server)).readTextToEnd());
    }

    @Test
    @DisplayName("connect(path) needs weft-unix")
    void connectToAPathNamesTheArtifact() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        assertNames("dev.weft:weft-unix", () -> stream.connect("/tmp/weft-missing.sock"));
        assertNames("dev.weft:weft-unix", () -> Net.createConnection("/tmp/weft-missing.sock"));
        assertEquals(ReadyState.CLOSED, stream.readyState());
        wire.connect(stream, listener);
        stream.end("tcp");
        assertEquals("tcp", listener.accept().readTextToEnd());
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
