// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.stress.Child;
import dev.weft.it.stress.Wait;
import dev.weft.net.Encoding;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What can be said to an HTTP client in a few lines. */
class CurlPeerTest {
    @BeforeAll
    static void needsCurl() {
        Programs.assumePresent("curl");
    }

    /** Answers each request without a body with its path, and goes on or ends as the client likes. */
    private static void answerRequests(Stream stream) {
        StringBuilder request = new StringBuilder();
        stream.setEncoding(Encoding.LATIN1);
        stream.onText(text -> {
            request.append(text);
            for (int end = request.indexOf("\r\n\r\n"); end >= 0; end = request.indexOf("\r\n\r\n")) {
                String head = request.substring(0, end);
                request.delete(0, end + 4);
                String body = head.split(" ", 3)[1] + "\n";
                stream.write("HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
                if (head.contains("Connection: close")) {
                    stream.end();
                }
            }
        });
    }

    private static Child curl(String... arguments) {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "--max-time", "20", "--noproxy", "*"));
        command.addAll(List.of(arguments));
        return Child.start(command);
    }

    private static String url(Server server, String path) {
        return "http://127.0.0.1:" + NodeLink.port(server) + path;
    }

    private static void assertPrints(String expected, Child curl) {
        try (curl) {
            assertEquals(expected, curl.outputAtEnd(), curl::toString);
            assertEquals("", curl.errors());
        }
    }

    private static void awaitEmpty(Server server) {
        Wait.until("no connection is left", () -> server.connections() == 0);
    }

    @Test
    void oneRequestIsAnswered() {
        try (Server server = Net.createServer(CurlPeerTest::answerRequests).listen(0, "127.0.0.1")) {
            assertPrints("/hello\n200\n", curl(url(server, "/hello"), "-w", "%{http_code}\n"));
            awaitEmpty(server);
        }
    }

    @Test
    void twoRequestsAreAnsweredOnOneConnection() {
        try (Server server = Net.createServer(CurlPeerTest::answerRequests).listen(0, "127.0.0.1")) {
            assertPrints(
                    "/one\nconnections: 1\n/two\nconnections: 0\n",
                    curl(url(server, "/one"), url(server, "/two"), "-w", "connections: %{num_connects}\n"));
            awaitEmpty(server);
        }
    }

    @Test
    void theConnectionEndsAfterTheAnswerToConnectionClose() {
        try (Server server = Net.createServer(CurlPeerTest::answerRequests).listen(0, "127.0.0.1")) {
            assertPrints(
                    "/one\nconnections: 1\n/two\nconnections: 1\n",
                    curl(
                            "-H",
                            "Connection: close",
                            url(server, "/one"),
                            url(server, "/two"),
                            "-w",
                            "connections: %{num_connects}\n"));
            awaitEmpty(server);
        }
    }

    @Test
    void anAnswerWithoutALengthIsEndedByTheFin() {
        String line = "a line of many\n";
        int lines = 200_000;
        try (Server server = Net.createServer((Stream stream) -> {
                    stream.setEncoding(Encoding.LATIN1);
                    stream.onText(text -> {
                        stream.write("HTTP/1.0 200 OK\r\n\r\n");
                        stream.write(line.repeat(lines));
                        stream.close();
                    });
                })
                .listen(0, "127.0.0.1")) {
            assertPrints(line.repeat(lines), curl(url(server, "/")));
            awaitEmpty(server);
        }
    }

    @Test
    void aLargeUploadComesBack() {
        String line = "and a line of many more\n";
        int lines = 100_000;
        int length = line.length() * lines;
        try (Server server = Net.createServer((Stream stream) -> echoBody(stream, length))
                        .listen(0, "127.0.0.1");
                Child curl = curl("-H", "Expect:", "--data-binary", "@-", url(server, "/"))) {
            curl.input(line.repeat(lines));
            curl.endInput();
            String output = curl.outputAtEnd();
            assertEquals("", curl.errors());
            assertTrue(output.equals(line.repeat(lines)), () -> "came back as " + output.length() + " characters");
            awaitEmpty(server);
        }
    }

    /** Answers with what follows the head of a request, while it is arriving. */
    private static void echoBody(Stream stream, int length) {
        StringBuilder head = new StringBuilder();
        stream.setEncoding(Encoding.LATIN1);
        stream.onText(text -> {
            if (head.indexOf("\r\n\r\n") >= 0) {
                stream.write(text, Encoding.LATIN1);
                return;
            }
            head.append(text);
            int end = head.indexOf("\r\n\r\n");
            if (end >= 0) {
                stream.write("HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n");
                stream.write(head.substring(end + 4), Encoding.LATIN1);
            }
        });
    }
}
