// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.weft.it.stress.Child;
import dev.weft.it.stress.Recorder;
import dev.weft.it.stress.Wait;
import dev.weft.net.Encoding;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The programs at hand when a connection is to be tried: netcat, and socat. */
class NetcatPeerTest {
    /** The example at the top of net-api.txt. */
    private static Server documentsExample() {
        return Net.createServer(stream -> {
            stream.setEncoding(Encoding.UTF8);
            stream.onConnect(() -> stream.write("hello\r\n"));
            stream.onText(text -> stream.write(text));
            stream.onEnd(() -> {
                stream.write("goodbye\r\n");
                stream.end();
            });
        });
    }

    @Test
    void netcatHoldsTheDocumentsConversation() {
        Programs.assumePresent("nc");
        holdsTheDocumentsConversation(port -> List.of("nc", "-N", "127.0.0.1", port));
    }

    @Test
    void netcatHoldsTheDocumentsConversationAtTheNameLocalhost() {
        Programs.assumePresent("nc");
        holdsTheDocumentsConversation(port -> List.of("nc", "-4", "-N", "localhost", port));
    }

    @Test
    void socatHoldsTheDocumentsConversation() {
        Programs.assumePresent("socat");
        holdsTheDocumentsConversation(port -> List.of("socat", "-t", "20", "-", "TCP4:127.0.0.1:" + port));
    }

    /** Talks, waits for the answer, says some more and ends. */
    private static void holdsTheDocumentsConversation(Function<String, List<String>> client) {
        try (Server server = documentsExample().listen(0, "localhost");
                Child child = Child.start(client.apply("" + NodeLink.port(server)))) {
            child.expect("hello");
            child.input("one\n");
            child.expect("one");
            child.input("two: \u00e9\u20ac\ud83d\ude00\n");
            child.expect("two: \u00e9\u20ac\ud83d\ude00");
            child.endInput();
            assertEquals("goodbye\n", child.outputAtEnd(), child::toString);
            assertEquals("", child.errors());
            Wait.until("no connection is left", () -> server.connections() == 0);
        }
    }

    @Test
    void aFileGoesThroughNetcatAsItIs() {
        Programs.assumePresent("nc");
        String text = "0123456789abcdef\n".repeat(100_000);
        try (Server server = Net.createServer((Stream stream) -> stream.onData(stream::write))
                        .listen(0, "127.0.0.1");
                Child child = Child.start(List.of("nc", "-N", "127.0.0.1", "" + NodeLink.port(server)))) {
            child.input(text);
            child.endInput();
            assertEquals(text, child.outputAtEnd());
        }
    }

    @Test
    void weTalkToAListeningNetcat() {
        Programs.assumePresent("nc");
        try (Child child = Child.start(List.of("nc", "-v", "-N", "-l", "127.0.0.1", "0"));
                Stream stream = Net.createStream()) {
            Recorder recorder = Recorder.of(stream);
            stream.connect(listeningPort(child));
            recorder.await("connect");
            stream.write("question\n");
            child.expect("question");
            child.input("answer\n");
            recorder.awaitText("answer\n");
            stream.end("bye\n");
            child.expect("bye");
            child.endInput();
            recorder.awaitClose();
            assertEquals(List.of("connect", "data", "end", "close false"), recorder.events());
            assertEquals("", child.outputAtEnd());
        }
    }

    /** With -v it tells on its standard error: {@code Listening on localhost 36573}. */
    private static int listeningPort(Child netcat) {
        Wait.until(
                () -> "told where it listens: " + netcat, () -> netcat.errors().startsWith("Listening on "));
        String line = netcat.errors().lines().findFirst().orElseThrow();
        return Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1));
    }

    @Test
    void weTalkToAListeningSocat() {
        Programs.assumePresent("socat");
        try (Child child = Child.start(
                        List.of("socat", "-d", "-d", "-t", "20", "TCP4-LISTEN:0,bind=127.0.0.1", "SYSTEM:cat"));
                Stream stream = Net.createStream()) {
            Recorder recorder = Recorder.of(stream);
            stream.connect(socatPort(child));
            stream.write("to the cat\n");
            recorder.awaitText("to the cat\n");
            stream.end("and back\n");
            recorder.awaitClose();
            assertEquals("to the cat\nand back\n", recorder.text());
            assertEquals(List.of("connect", "data", "end", "close false"), recorder.events());
        }
    }

    /** With -d -d it tells on its standard error: {@code ... listening on AF=2 127.0.0.1:36573}. */
    private static int socatPort(Child socat) {
        Wait.until(() -> "told where it listens: " + socat, () -> socat.errors().contains("listening on "));
        String line = socat.errors()
                .lines()
                .filter(text -> text.contains("listening on "))
                .findFirst()
                .orElseThrow();
        return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
    }
}
