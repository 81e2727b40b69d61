// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.peers.Programs;
import dev.weft.it.stress.Child;
import dev.weft.it.support.Await;
import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.Pki;
import dev.weft.it.support.TestScope;
import dev.weft.net.AbstractAddress;
import dev.weft.net.Encoding;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import dev.weft.net.unix.PassingAddress;
import dev.weft.net.unix.PeerCredentials;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Who is at the other end. */
@ExtendWith(LeakCheck.class)
class PeerCredentialsTest {
    private static final OptionalLong OUR_PID =
            OptionalLong.of(ProcessHandle.current().pid());

    /** Connects as another user, if it may, says who it is, and waits. */
    private static final String OTHER_USER = """
            import os, socket, sys
            if os.getuid() == 0:
                os.setgid(54321)
                os.setuid(12345)
            client = socket.socket(socket.AF_UNIX)
            client.connect(sys.argv[1])
            print(os.getuid(), os.getgid(), os.getpid(), flush=True)
            sys.stdin.readline()
            """;

    private TestScope scope;
    private Path file;

    @BeforeEach
    void needsLinux(TestScope scope) {
        this.scope = scope;
        assumeTrue(System.getProperty("os.name").equals("Linux"), "needs Linux");
        file = scope.directory().resolve("x.sock");
    }

    private record Pair(Stream client, Stream server) {}

    private Pair pair(SocketAddress address) {
        CompletableFuture<Stream> accepted = new CompletableFuture<>();
        Server server = scope.add(Net.createServer(stream -> accepted.complete(scope.add(stream))));
        server.listen(address);
        SocketAddress bound = Await.value("bound", server.bound());
        Stream client = scope.add(Net.createConnection(bound));
        return new Pair(Await.value("connected", client.connected()), Await.value("accepted", accepted));
    }

    private static void assertOurs(Pair pair) throws IOException {
        assertEquals(OUR_PID, PeerCredentials.of(pair.server).pid());
        assertEquals(OUR_PID, PeerCredentials.of(pair.client).pid());
        assertEquals(PeerCredentials.of(pair.client), PeerCredentials.of(pair.server));
    }

    @Test
    void bothEndsOfAPathKnowTheProcess() throws IOException {
        assertOurs(pair(UnixDomainSocketAddress.of(file)));
    }

    @Test
    void bothEndsOfAnAbstractNameKnowTheProcess() throws IOException {
        assertOurs(pair(AbstractAddress.of("weft-credentials-" + OUR_PID.getAsLong())));
    }

    @Test
    void bothEndsOfAPassingAddressKnowTheProcess() throws IOException {
        assertOurs(pair(PassingAddress.of(file)));
    }

    @Test
    void userGroupAndProcessAreThoseOfAnotherProgram() throws IOException {
        Programs.assumePresent("python3");
        CompletableFuture<PeerCredentials> credentials = new CompletableFuture<>();
        Server server = scope.add(Net.createServer(stream -> credentials.complete(PeerCredentials.of(stream))));
        server.listen(file.toString());
        Object unused = Await.value("bound", server.bound());
        letAnyoneConnect();
        try (Child child = Child.start(List.of("python3", "-c", OTHER_USER, file.toString()))) {
            String[] says = child.expect("").split(" ", 3);
            assertEquals(
                    new PeerCredentials(
                            Long.parseLong(says[0]), Long.parseLong(says[1]), OptionalLong.of(Long.parseLong(says[2]))),
                    Await.value("credentials", credentials));
        }
    }

    /** Before the handshake, since a server may want to know before it spends work on one; and after it. */
    @Test
    void aSecuredStreamKnowsThePeerBeforeAndAfterTheHandshake() throws IOException {
        CompletableFuture<PeerCredentials> before = new CompletableFuture<>();
        CompletableFuture<PeerCredentials> after = new CompletableFuture<>();
        CompletableFuture<String> heard = new CompletableFuture<>();
        Server server = scope.add(Net.createServer(stream -> {
            scope.add(stream).setSecure(Pki.keyOf(Pki.SERVER).build());
            assertNull(stream.secureSession());
            before.complete(PeerCredentials.of(stream));
            stream.setEncoding(Encoding.UTF8);
            stream.onText(text -> {
                assertNotNull(stream.secureSession());
                after.complete(PeerCredentials.of(stream));
                heard.complete(text);
            });
        }));
        server.listen(file.toString());
        Object unused = Await.value("bound", server.bound());
        Stream client = scope.add(Net.createStream());
        client.connect(file.toString());
        client.setSecure(Pki.trusting().serverName("localhost").build());
        client.write("secret");
        assertEquals("secret", Await.value("what the client wrote", heard));
        assertEquals(OUR_PID, Await.value("before the handshake", before).pid());
        assertEquals(before.join(), Await.value("after the handshake", after));
        assertEquals(before.join(), PeerCredentials.of(client));
        assertNotNull(client.secureSession());
    }

    private void letAnyoneConnect() throws IOException {
        Files.setPosixFilePermissions(
                scope.directory(), java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(file, java.nio.file.attribute.PosixFilePermissions.fromString("rw-rw-rw-"));
    }

    @Test
    void whatWasAskedForIsKnownAfterClose() throws IOException {
        Pair pair = pair(UnixDomainSocketAddress.of(file));
        PeerCredentials before = PeerCredentials.of(pair.server);
        pair.server.destroy();
        Object unused = Await.value("closed", pair.server.closed());
        assertEquals(before, PeerCredentials.of(pair.server));
        unused = Await.value("closed", pair.client.closed());
        assertThrows(IOException.class, () -> PeerCredentials.of(pair.client));
    }

    /** Each has a descriptor of its own, and none may be taken for another's. */
    @Test
    void eachOfManyStreamsKnowsItsOwnPeer() throws IOException {
        Programs.assumePresent("python3");
        List<CompletableFuture<PeerCredentials>> all = new ArrayList<>();
        Server server = scope.add(Net.createServer(stream -> {
            CompletableFuture<PeerCredentials> one = new CompletableFuture<>();
            synchronized (all) {
                all.add(one);
            }
            one.complete(PeerCredentials.of(scope.add(stream)));
        }));
        server.listen(file.toString());
        Object unused = Await.value("bound", server.bound());
        letAnyoneConnect();
        for (int i = 0; i < 50; i++) {
            Stream stream = scope.add(Net.createConnection(file.toString()));
            unused = Await.value("connected", stream.connected());
        }
        try (Child child = Child.start(List.of("python3", "-c", OTHER_USER, file.toString()))) {
            long pid = Long.parseLong(child.expect("").split(" ", 3)[2]);
            Await.until("all are accepted", () -> {
                synchronized (all) {
                    return all.size() == 51;
                }
            });
            synchronized (all) {
                List<PeerCredentials> known =
                        all.stream().map(one -> Await.value("credentials", one)).toList();
                assertEquals(
                        50,
                        known.stream().filter(one -> one.pid().equals(OUR_PID)).count());
                assertEquals(
                        1,
                        known.stream()
                                .filter(one -> one.pid().equals(OptionalLong.of(pid)))
                                .count());
            }
        }
    }

    @Test
    void tcpAndStreamsThatAreNotConnectedHaveNone() {
        Stream fresh = scope.add(Net.createStream());
        UnsupportedOperationException e =
                assertThrows(UnsupportedOperationException.class, () -> PeerCredentials.of(fresh));
        assertTrue(e.getMessage().contains("connected Unix sockets"), e::getMessage);
        Pair tcp = pair(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        e = assertThrows(UnsupportedOperationException.class, () -> PeerCredentials.of(tcp.server));
        assertTrue(e.getMessage().contains("tcp"), e::getMessage);
    }
}
