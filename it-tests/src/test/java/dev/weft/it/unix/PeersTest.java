// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.peers.NodeLink;
import dev.weft.it.peers.Programs;
import dev.weft.it.stress.Child;
import dev.weft.it.support.Await;
import dev.weft.it.support.Events;
import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.TestScope;
import dev.weft.net.AbstractAddress;
import dev.weft.net.Encoding;
import dev.weft.net.Listener;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What other programs make of our Unix sockets, and we of theirs. */
@ExtendWith(LeakCheck.class)
class PeersTest {
    private TestScope scope;
    private Path file;

    @BeforeEach
    void chooseFile(TestScope scope) {
        this.scope = scope;
        file = scope.directory().resolve("x.sock");
    }

    private Server listening(SocketAddress address, Listener<? super Stream> listener) {
        Server server = scope.add(Net.createServer(listener)).listen(address);
        Object unused = Await.value("bound", server.bound());
        return server;
    }

    /** The example at the top of net-api.txt. */
    private static void converse(Stream stream) {
        stream.setEncoding(Encoding.UTF8);
        stream.onConnect(() -> stream.write("hello\r\n"));
        stream.onText(text -> stream.write(text));
        stream.onEnd(() -> {
            stream.write("goodbye\r\n");
            stream.end();
        });
    }

    /** Talks, waits for the answer, says some more and ends. */
    private void assertHoldsTheDocumentsConversation(SocketAddress address, List<String> client) {
        Server server = listening(address, PeersTest::converse);
        try (Child child = Child.start(client)) {
            child.expect("hello");
            child.input("one\n");
            child.expect("one");
            child.input("two: \u00e9\u20ac\ud83d\ude00\n");
            child.expect("two: \u00e9\u20ac\ud83d\ude00");
            child.endInput();
            assertEquals("goodbye\n", child.outputAtEnd(), child::toString);
        }
        Await.until("no connection is left", () -> server.connections() == 0);
    }

    @Test
    @DisplayName("To listen on the socket `'/tmp/echo.sock'`, the last line would just be changed to (socat)")
    void socatHoldsTheDocumentsConversation() {
        Programs.assumePresent("socat");
        assertHoldsTheDocumentsConversation(
                UnixDomainSocketAddress.of(file), List.of("socat", "-t", "20", "-", "UNIX-CONNECT:" + file));
    }

    @Test
    @DisplayName("To listen on the socket `'/tmp/echo.sock'`, the last line would just be changed to (nc)")
    void netcatHoldsTheDocumentsConversation() {
        Programs.assumePresent("nc");
        assertHoldsTheDocumentsConversation(
                UnixDomainSocketAddress.of(file), List.of("nc", "-N", "-U", file.toString()));
    }

    @Test
    void socatHoldsTheDocumentsConversationAtAnAbstractName() {
        Programs.assumePresent("socat");
        String name = "weft-peers-" + ProcessHandle.current().pid();
        assertHoldsTheDocumentsConversation(
                AbstractAddress.of(name), List.of("socat", "-t", "20", "-", "ABSTRACT-CONNECT:" + name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"UNIX-LISTEN", "ABSTRACT-LISTEN"})
    void weTalkToAListeningSocat(String kind) {
        Programs.assumePresent("socat");
        assumeTrue(Files.isReadable(Path.of("/proc/self/net/unix")), "needs Linux");
        String name = "weft-socat-" + ProcessHandle.current().pid();
        boolean path = kind.equals("UNIX-LISTEN");
        try (Child socat = Child.start(List.of("socat", "-t", "20", "-", kind + ":" + (path ? file : name)))) {
            Await.until(
                    () -> "socat listens: " + socat,
                    () -> AbstractNameTest.isListening(path ? file.toString() : "@" + name));
            Stream stream = scope.add(Net.createStream());
            Events events = Events.of(scope, stream);
            stream.connect(path ? UnixDomainSocketAddress.of(file) : AbstractAddress.of(name));
            stream.write("question\n");
            socat.expect("question");
            socat.input("answer\n");
            events.awaitText("answer\n");
            socat.endInput();
            events.await("end");
            events.awaitClose();
            assertEquals("", socat.outputAtEnd());
        }
        assertEquals(false, Files.exists(file), "socat removes its file");
    }

    @Test
    void curlGetsAnAnswer() {
        Programs.assumePresent("curl");
        Server server = listening(UnixDomainSocketAddress.of(file), stream -> {
            StringBuilder request = new StringBuilder();
            stream.setEncoding(Encoding.LATIN1);
            stream.onText(text -> {
                if (request.append(text).indexOf("\r\n\r\n") >= 0) {
                    String body = request.toString().split(" ", 3)[1] + "\n";
                    stream.end("HTTP/1.0 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
                }
            });
        });
        try (Child curl = Child.start(List.of(
                "curl", "-sS", "--max-time", "20", "--unix-socket", file.toString(), "http://localhost/hello"))) {
            assertEquals("/hello\n", curl.outputAtEnd(), curl::toString);
            assertEquals("", curl.errors());
        }
        Await.until("no connection is left", () -> server.connections() == 0);
    }

    @Test
    void nodeHearsOurEcho() {
        Programs.assumePresent("node");
        listening(UnixDomainSocketAddress.of(file), stream -> stream.onData(stream::write));
        try (Child node = NodeLink.node("lines", "connect " + file)) {
            node.expect("connect");
            node.tell("write one");
            node.expect("line one");
            node.tell("write two");
            node.expect("line two");
            node.tell("end");
            node.expect("end 8");
            node.expect("close false");
        }
    }

    @Test
    void weHearNodesEcho() {
        Programs.assumePresent("node");
        try (Child node = NodeLink.node("echo", "listen " + file)) {
            node.expect("listening " + file);
            Stream stream = scope.add(Net.createStream());
            Events events = Events.of(scope, stream);
            stream.connect(file.toString());
            stream.write("one\n");
            events.awaitText("one\n");
            node.expect("connect");
            stream.end("two\n");
            events.awaitText("one\ntwo\n").assertClosedAfter("connect", "data", "end", "close(false)");
            node.expect("end 8");
            node.expect("close false");
            node.close(); // killed, so it leaves its file
            node.outputAtEnd();
        }
        // which is no obstacle for us
        Server server = listening(UnixDomainSocketAddress.of(file), stream -> {});
        server.close();
    }
}
