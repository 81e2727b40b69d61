// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.peers.Programs;
import dev.weft.it.stress.Child;
import dev.weft.it.support.Await;
import dev.weft.it.support.Events;
import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.TestScope;
import dev.weft.net.AbstractAddress;
import dev.weft.net.Net;
import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Names in the abstract namespace. */
@ExtendWith(LeakCheck.class)
class AbstractNameTest {
    private static final Path TABLE = Path.of("/proc/self/net/unix");

    /** {@code __SO_ACCEPTCON} among the flags. */
    private static final String LISTENING = " 00010000 ";

    private static int names;

    private TestScope scope;
    private AbstractAddress name;

    @BeforeEach
    void chooseName(TestScope scope) {
        assumeTrue(Files.isReadable(TABLE), "needs Linux");
        this.scope = scope;
        name = AbstractAddress.of("weft-abstract-" + ProcessHandle.current().pid() + "-" + names++);
    }

    /** Whether the kernel has a socket of that name or path that listens; one that is bound only refuses connections. */
    static boolean isListening(String text) {
        try (var lines = Files.lines(TABLE)) {
            return lines.anyMatch(line -> line.endsWith(" " + text) && line.contains(LISTENING));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Server echo() {
        Server server = scope.add(Net.createServer(ServerOptions.defaults().allowHalfOpen(true), stream -> {
                    stream.onData(stream::write);
                    stream.onEnd(stream::end);
                }))
                .listen(name);
        assertEquals(name, Await.value("bound", server.bound()));
        return server;
    }

    @Test
    void bytesGoBothWaysAndTheNameIsFreeAfterwards() {
        for (int i = 0; i < 2; i++) {
            Server server = echo();
            assertTrue(isListening(name.toString()));
            Stream stream = scope.add(Net.createStream());
            Events events = Events.of(scope, stream);
            stream.connect(name);
            stream.end("there and back");
            events.awaitText("there and back").assertClosedAfter("connect", "data", "end", "close(false)");
            server.close();
            Object unused = Await.value("closed", server.closed());
            assertFalse(isListening(name.toString()));
        }
    }

    @Test
    void muchGoesBothWaysWithoutHoldingACarrier() {
        echo();
        byte[] much = new byte[4 << 20];
        List<Events> all = new ArrayList<>();
        // more than there are processors: one that blocked in the kernel would keep the others
        for (int i = 0; i < 4 * Runtime.getRuntime().availableProcessors(); i++) {
            Stream stream = scope.add(Net.createConnection(name));
            all.add(Events.of(scope, stream));
            stream.end(java.nio.ByteBuffer.wrap(much));
        }
        for (Events events : all) {
            events.awaitClose();
            assertEquals(much.length, events.stream().bytesRead());
        }
    }

    @Test
    void addressesAreThoseOfTheNameAndNotOfAnyFile() {
        CompletableFuture<String> accepted = new CompletableFuture<>();
        scope.add(Net.createServer(stream -> accepted.complete(scope.add(stream).toString())))
                .listen(name);
        Await.until("bound", () -> isListening(name.toString()));
        Stream stream = scope.add(Net.createConnection(name));
        assertEquals("Stream[open unix " + name + "->]", Await.value("accepted", accepted));
        Object unused = Await.value("connected", stream.connected());
        assertEquals("Stream[open unix ->" + name + "]", stream.toString());
        assertNull(stream.remoteAddress());
        assertEquals(0, stream.remotePort());
    }

    @Test
    void aNameInUseIsAnError() {
        echo();
        Server second = scope.add(Net.createServer());
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        second.onError(error::complete);
        second.listen(name);
        NetException e = assertInstanceOf(NetException.class, Await.value("error", error));
        assertEquals(Code.ADDRESS_IN_USE, e.code());
        assertTrue(e.getMessage().startsWith("listen unix " + name + ": "), e::getMessage);
    }

    @Test
    void aNameThatNoOneHasRefusesConnections() {
        Stream stream = scope.add(Net.createStream());
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        stream.onError(error::complete);
        stream.connect(name);
        NetException e = assertInstanceOf(NetException.class, Await.value("error", error));
        assertEquals(Code.CONNECTION_REFUSED, e.code());
        assertEquals("connect unix " + name + ": Connection refused", e.getMessage());
    }

    /** Accepts no one until it is told to. */
    private static final String BUSY = """
            import socket, sys
            listener = socket.socket(socket.AF_UNIX)
            listener.bind('\\0' + sys.argv[1])
            listener.listen(0)
            print('ready', flush=True)
            sys.stdin.readline()
            accepted = []
            while True:
                accepted.append(listener.accept())
            """;

    @Test
    void connectWaitsForRoomInTheBacklogAsLongAsConnectTimeoutAllows() {
        Programs.assumePresent("python3");
        try (Child busy =
                Child.start(List.of("python3", "-c", BUSY, name.toString().substring(1)))) {
            busy.expect("ready");
            List<Stream> streams = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                streams.add(scope.add(Net.createConnection(name)));
            }
            Stream hurried =
                    scope.add(Net.createStream(StreamOptions.defaults().connectTimeout(Duration.ofMillis(300))));
            CompletableFuture<Throwable> error = new CompletableFuture<>();
            hurried.onError(error::complete);
            Await.until("one fits", () -> streams.stream().anyMatch(one -> one.readyState() == ReadyState.OPEN));
            hurried.connect(name);
            NetException e = assertInstanceOf(NetException.class, Await.value("error", error));
            assertEquals(Code.TIMED_OUT, e.code());
            busy.tell("go on");
            for (Stream stream : streams) {
                Object unused = Await.value("all connect in the end", stream.connected());
            }
        }
    }

    @Test
    void namesAreCheckedAndCompared() {
        assertThrows(IllegalArgumentException.class, () -> AbstractAddress.of(""));
        String longest = "x".repeat(AbstractAddress.MAX_LENGTH);
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> AbstractAddress.of(longest + "x"));
        assertTrue(e.getMessage().contains("1 to 107 bytes: 108 bytes, @xxx"), e::getMessage);
        assertEquals(AbstractAddress.of("a"), AbstractAddress.of(new byte[] {'a'}));
        assertEquals("@a@b", AbstractAddress.of("a\0b").toString());
        name = AbstractAddress.of(longest);
        echo();
        assertTrue(isListening("@" + longest));
    }
}
