// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.peers.Programs;
import dev.weft.it.stress.Child;
import dev.weft.it.support.Await;
import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.TestScope;
import dev.weft.net.Encoding;
import dev.weft.net.Net;
import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Several processes and one path. */
@ExtendWith(LeakCheck.class)
class RestartTest {
    private static final int ROUNDS = 40;

    private TestScope scope;
    private Path file;

    @BeforeEach
    void chooseFile(TestScope scope) {
        this.scope = scope;
        file = scope.directory().resolve("x.sock");
    }

    private String greeting(Path path) {
        CompletableFuture<String> text = new CompletableFuture<>();
        Stream stream = scope.add(Net.createStream());
        stream.setEncoding(Encoding.UTF8);
        stream.onText(text::complete);
        stream.onError(text::completeExceptionally);
        stream.connect(path.toString());
        String greeting = Await.value("a greeting", text);
        Object unused = Await.value("closed", stream.closed());
        return greeting;
    }

    @Test
    void aKilledServerRestartsOnTheSamePath() throws IOException {
        for (int i = 0; i < 2; i++) {
            try (Child server = Child.java(PathServer.class, List.of())) {
                server.expect("ready");
                server.tell(file.toString());
                server.expect("listening");
                assertEquals(server.pid(), greeting(file));
                server.close(); // SIGKILL
                server.outputAtEnd();
                assertTrue(Files.exists(file), "a killed server leaves its file");
            }
        }
        Files.delete(file);
    }

    /** In the C locale the JDK cannot read such a name, and throws from accept. */
    @Test
    void aClientWhoseNameIsNoTextKeepsNoOneElseOut() throws IOException {
        Programs.assumePresent("python3");
        String client = """
                import os, socket, sys
                folder = os.fsencode(sys.argv[1])
                client = socket.socket(socket.AF_UNIX)
                client.bind(folder + b'/\\xff')
                client.connect(folder + b'/x.sock')
                print('connected', flush=True)
                sys.stdin.readline()
                os.unlink(folder + b'/\\xff')
                print('gone', flush=True)
                """;
        List<String> command = new ArrayList<>(List.of("env", "LC_ALL=C"));
        command.addAll(Child.javaCommand(PathServer.class));
        try (Child server = Child.start(command)) {
            server.expect("ready");
            server.tell(file.toString());
            server.expect("listening");
            try (Child odd = Child.start(
                    List.of("python3", "-c", client, scope.directory().toString()))) {
                odd.expect("connected");
                assertEquals(server.pid(), greeting(file));
                odd.tell("go");
                odd.expect("gone");
            }
        }
        Files.delete(file);
    }

    /** On a dead file, which both must replace, and where there is none. */
    @Test
    void ofTwoProcessesThatRaceForAPathExactlyOneWins() throws IOException {
        Set<String> winners = new HashSet<>();
        try (Child one = Child.java(PathServer.class, List.of());
                Child other = Child.java(PathServer.class, List.of())) {
            one.expect("ready");
            other.expect("ready");
            for (int round = 0; round < ROUNDS; round++) {
                Path path = scope.directory().resolve(round + ".sock");
                if (round % 4 != 0) {
                    leaveDeadSocket(path);
                }
                one.tell(path.toString());
                other.tell(path.toString());
                Set<String> said = Set.of(one.expect("") + " " + one.pid(), other.expect("") + " " + other.pid());
                String listening = "listening " + greeting(path);
                assertTrue(said.contains(listening), () -> "round of " + path + ": " + said);
                assertTrue(
                        said.stream().anyMatch(text -> text.startsWith("error ADDRESS_IN_USE ")),
                        () -> "round of " + path + ": " + said);
                winners.add(listening);
            }
        }
        assertTrue(!winners.isEmpty());
        deleteAll();
    }

    @Test
    void ofManyServersOfOneProcessThatRaceExactlyOneWins() throws IOException {
        for (int round = 0; round < ROUNDS; round++) {
            leaveDeadSocket(file);
            List<Server> servers = new ArrayList<>();
            List<CompletableFuture<SocketAddress>> bound = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Server server = scope.add(Net.createServer(stream -> stream.end("hello")));
                server.onError(error -> {});
                servers.add(server);
                server.listen(file.toString());
                bound.add(server.bound());
            }
            int winners = 0;
            for (CompletableFuture<SocketAddress> one : bound) {
                Throwable failure =
                        Await.value("bound, or not", one.handle((address, e) -> e == null ? new Winner() : e));
                if (failure instanceof Winner) {
                    winners++;
                } else {
                    assertEquals(Code.ADDRESS_IN_USE, code(failure), failure::toString);
                }
            }
            assertEquals(1, winners, "round " + round);
            assertEquals("hello", greeting(file));
            for (Server server : servers) {
                boolean listened = server.address() != null;
                server.close();
                if (listened) {
                    Object unused = Await.value("closed", server.closed());
                }
            }
        }
    }

    private static final class Winner extends Exception {
        private static final long serialVersionUID = 1;
    }

    private static Code code(Throwable failure) {
        return ((NetException) (failure instanceof NetException ? failure : failure.getCause())).code();
    }

    private static void leaveDeadSocket(Path path) throws IOException {
        try (ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            killed.bind(UnixDomainSocketAddress.of(path));
        }
    }

    /** What the killed processes have left; nothing but sockets, so no lock. */
    private void deleteAll() throws IOException {
        try (var files = Files.list(scope.directory())) {
            for (Path left : (Iterable<Path>) files::iterator) {
                assertTrue(left.toString().endsWith(".sock"), left::toString);
                Files.delete(left);
            }
        }
    }
}
