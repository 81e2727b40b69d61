// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.stress.Child;
import dev.weft.it.stress.Sender;
import dev.weft.it.stress.SlowReader;
import dev.weft.it.stress.Wait;
import dev.weft.net.Drop;
import dev.weft.net.Net;
import dev.weft.net.NetException.Code;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What Node, whose {@code net} this library follows, makes of our connections, and we of its. */
class NodePeerTest {
    private static final int MEBIBYTE = 1 << 20;
    private static final int LARGE = 32 * MEBIBYTE;

    @BeforeAll
    static void needsNode() {
        Programs.assumePresent("node");
    }

    @ParameterizedTest
    @EnumSource
    void nodeHearsOurEcho(NodeLink.Opener opener) {
        try (NodeLink link = NodeLink.open(opener, stream -> stream.onData(stream::write), "lines")) {
            link.node().tell("write one");
            link.node().expect("line one");
            link.node().tell("write two");
            link.node().expect("line two");
            link.node().tell("end");
            link.node().expect("end 8");
            link.node().expect("close false");
            link.ours().awaitClose();
            assertEquals(
                    List.of("connect", "data", "end", "close false"),
                    link.ours().events());
        }
    }

    @ParameterizedTest
    @EnumSource
    void weHearNodesEcho(NodeLink.Opener opener) {
        try (NodeLink link = NodeLink.open(opener, stream -> {}, "echo")) {
            link.stream().write("one\n");
            link.ours().awaitText("one\n");
            link.stream().end("two\n");
            link.ours().awaitClose();
            assertEquals("one\ntwo\n", link.ours().text());
            assertEquals(
                    List.of("connect", "data", "end", "close false"),
                    link.ours().events());
            link.node().expect("end 8");
            link.node().expect("close false");
        }
    }

    @ParameterizedTest
    @EnumSource
    void weGoOnWritingAfterNodesEnd(NodeLink.Opener opener) {
        try (NodeLink link = NodeLink.openHalf(opener, stream -> {}, "half", "lines")) {
            link.node().tell("write bye");
            link.node().tell("end");
            link.ours().await("end");
            assertEquals("bye\n", link.ours().text());
            assertEquals(ReadyState.WRITE_ONLY, link.stream().readyState());
            link.stream().write("not\n");
            link.node().expect("line not");
            link.stream().write("yet\n");
            link.node().expect("line yet");
            link.stream().end("bye\n");
            link.node().expect("line bye");
            link.node().expect("end 12");
            link.node().expect("close false");
            link.ours().await("close false");
        }
    }

    @ParameterizedTest
    @EnumSource
    void nodeGoesOnWritingAfterOurEnd(NodeLink.Opener opener) {
        try (NodeLink link = NodeLink.open(opener, stream -> {}, "half", "lines")) {
            link.stream().end("question\n");
            assertEquals(ReadyState.READ_ONLY, link.stream().readyState());
            link.node().expect("line question");
            link.node().expect("end 9");
            link.node().tell("write first answer");
            link.ours().awaitText("first answer\n");
            link.node().tell("write second answer");
            link.ours().awaitText("second answer\n");
            link.node().tell("end");
            link.node().expect("close false");
            link.ours().awaitClose();
            assertEquals(
                    List.of("connect", "data", "end", "close false"),
                    link.ours().events());
        }
    }

    @ParameterizedTest
    @EnumSource
    void largeDataArrivesWholeAtSlowReadersBothWays(NodeLink.Opener opener) {
        try (NodeLink link = NodeLink.openHalf(opener, stream -> {}, "half", "slow 5")) {
            SlowReader slow = SlowReader.on(link.stream(), 6, 20);
            link.node().tell("send " + LARGE);
            Sender sender = Sender.start(link.stream(), LARGE, 7, 64 << 10);

            String sentByUs = Wait.result("all written by " + link, sender.sent());
            link.ours().awaitClose();
            assertEquals(
                    List.of("connect", "data", "end", "close false"),
                    link.ours().events());
            assertEquals(LARGE, link.ours().bytes());
            link.node().await("close false");
            assertEquals(LARGE + " " + link.ours().sha256Hex(), link.node().said("sent"));
            assertEquals(LARGE + " " + sentByUs, link.node().said("end"));
            assertTrue(slow.pauses() > 0, "never paused");
            assertTrue(sender.mostBuffered() <= 64 << 10, () -> "queued " + sender.mostBuffered());
        }
    }

    @ParameterizedTest
    @EnumSource
    void nodesResetIsAnErrorWhileWeRead(NodeLink.Opener opener) {
        try (NodeLink link = NodeLink.open(opener, stream -> {}, "lines")) {
            link.stream().write("ready\n");
            link.node().expect("line ready");
            link.node().tell("reset");
            link.ours().awaitClose();
            assertEquals(Code.CONNECTION_RESET, link.ours().errorCode(), link::toString);
            assertEquals(List.of("connect", "error", "close true"), link.ours().events());
            link.node().expect("close false");
        }
    }

    @ParameterizedTest
    @EnumSource
    void nodesResetIsAnErrorWhileWeWrite(NodeLink.Opener opener) {
        try (NodeLink link = NodeLink.open(opener, stream -> {}, "lines")) {
            link.stream().write("ready\n");
            link.node().expect("line ready");
            link.node().tell("pause");
            link.node().tell("hello");
            link.node().expect("hello");
            while (link.stream().write(new byte[MEBIBYTE])) {
                // until the kernel is full, and a writer stuck
            }
            link.node().tell("reset");
            link.ours().awaitClose();
            assertTrue(
                    Set.of(Code.CONNECTION_RESET, Code.BROKEN_PIPE)
                            .contains(link.ours().errorCode()),
                    link::toString);
            assertEquals(List.of("connect", "error", "close true"), link.ours().events());
            assertFalse(link.stream().write("more"), "written to a closed stream");
            assertEquals(0, link.stream().bufferedBytes());
        }
    }

    @ParameterizedTest
    @EnumSource
    void ourResetIsAnErrorOfNode(NodeLink.Opener opener) {
        try (NodeLink link = NodeLink.open(opener, stream -> {}, "lines")) {
            link.stream().write("ready\n");
            link.node().expect("line ready");
            link.stream().reset();
            link.node().expect("error ECONNRESET");
            link.node().expect("close true");
            link.ours().awaitClose();
            assertEquals(List.of("connect", "close false"), link.ours().events());
        }
    }

    @ParameterizedTest
    @EnumSource
    void ourDestroyEndsNodeWithoutAnError(NodeLink.Opener opener) {
        try (NodeLink link = NodeLink.open(opener, stream -> {}, "lines")) {
            link.stream().write("ready\n");
            link.node().expect("line ready");
            link.stream().destroy();
            link.node().expect("end 6");
            link.node().expect("close false");
            link.ours().awaitClose();
            assertEquals(List.of("connect", "close false"), link.ours().events());
        }
    }

    @Test
    void aClientBeyondMaxConnectionsIsEndedWithoutAnError() {
        CompletableFuture<Drop> dropped = new CompletableFuture<>();
        try (Server server = Net.createServer((Stream stream) -> stream.onData(stream::write));
                Child first = NodeLink.node("lines");
                Child second = NodeLink.node("lines")) {
            server.onDrop(dropped::complete);
            server.setMaxConnections(1).listen(0, "127.0.0.1");
            int port = NodeLink.port(server);
            first.tell("connect " + port);
            first.expect("connect");
            first.tell("write here");
            first.expect("line here");

            second.tell("connect " + port);
            second.expect("connect");
            second.expect("end 0");
            second.expect("close false");
            Wait.result("drop told", dropped);

            first.tell("write still here");
            first.expect("line still here");
            assertEquals(1, server.connections());
            first.tell("end");
            first.expect("end");
            Wait.until("the first connection is gone", () -> server.connections() == 0);
        }
    }
}
