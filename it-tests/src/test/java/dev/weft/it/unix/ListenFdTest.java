// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.Inherited;
import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.TestScope;
import dev.weft.net.Encoding;
import dev.weft.net.Net;
import dev.weft.net.NetException;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocket;

/** Descriptors that listen already; the contract over them runs with the other transports. */
@ExtendWith(LeakCheck.class)
class ListenFdTest {
    private TestScope scope;

    @BeforeEach
    void needsLinux(TestScope scope) {
        this.scope = scope;
        assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")), "needs Linux");
    }

    private FileDescriptor listening(ProtocolFamily family, SocketAddress address) throws IOException {
        return Inherited.listening(ServerSocketChannel.open(family), address);
    }

    private FileDescriptor listeningTcp() throws IOException {
        return listening(StandardProtocolFamily.INET, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    private Server served(int fd) {
        return scope.add(Net.createServer(stream -> stream.end("hello"))).listenFD(fd);
    }

    private String greeting(SocketAddress address) {
        CompletableFuture<String> text = new CompletableFuture<>();
        Stream stream = scope.add(Net.createStream());
        stream.setEncoding(Encoding.UTF8);
        stream.onText(text::complete);
        stream.connect(address);
        return Await.value("a greeting", text);
    }

    private void assertServes(FileDescriptor descriptor, ProtocolFamily family) throws IOException {
        Server server = served(Inherited.number(descriptor));
        SocketAddress address = Await.value("bound", server.bound());
        assertEquals(address, server.address());
        assertEquals(
                family != StandardProtocolFamily.UNIX, address instanceof InetSocketAddress inet && inet.getPort() > 0);
        assertEquals("hello", greeting(address));
        server.close();
        Object unused = Await.value("closed", server.closed());
    }

    @Test
    @DisplayName("Start a server listening for connections on the given file descriptor.")
    void ipv4() throws IOException {
        assertServes(listeningTcp(), StandardProtocolFamily.INET);
    }

    @Test
    @DisplayName("This file descriptor must have already had the `bind(2)` and `listen(2)` system calls invoked on it.")
    void ipv6() throws IOException {
        byte[] one = new byte[16];
        one[15] = 1;
        InetAddress loopback = InetAddress.getByAddress(one);
        FileDescriptor descriptor;
        try {
            descriptor = listening(StandardProtocolFamily.INET6, new InetSocketAddress(loopback, 0));
        } catch (IOException e) {
            assumeTrue(false, "this machine has no IPv6: " + e);
            return;
        }
        assertServes(descriptor, StandardProtocolFamily.INET6);
    }

    @Test
    void unixAndTheFileIsLeftToWhoeverMadeIt() throws IOException {
        Path file = scope.directory().resolve("x.sock");
        assertServes(
                listening(StandardProtocolFamily.UNIX, UnixDomainSocketAddress.of(file)), StandardProtocolFamily.UNIX);
        assertTrue(Files.exists(file));
        Files.delete(file);
    }

    @Test
    void manyDescriptorsAtOnce() throws IOException {
        Server[] servers = new Server[20];
        for (int i = 0; i < servers.length; i++) {
            servers[i] = served(Inherited.number(listeningTcp()));
        }
        for (Server server : servers) {
            assertEquals("hello", greeting(Await.value("bound", server.bound())));
        }
    }

    @Test
    void closeClosesTheDescriptorAndItsNumberMayBeUsedAgain() throws IOException {
        for (int i = 0; i < 3; i++) {
            FileDescriptor descriptor = listeningTcp();
            int number = Inherited.number(descriptor);
            assertServes(descriptor, StandardProtocolFamily.INET);
            assertFailure(number, "the descriptor is not open");
        }
    }

    // -- What cannot be used. --

    private void assertFailure(int fd, String why) {
        Server server = scope.add(Net.createServer());
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        server.onError(error::complete);
        server.listenFD(fd);
        NetException e = assertInstanceOf(NetException.class, Await.value("error", error));
        assertEquals("listen fd " + fd + ": " + why, e.getMessage());
        // and it may be used for something else
        server.listen(0, "127.0.0.1");
        Object unused = Await.value("bound", server.bound());
    }

    @Test
    void aDescriptorThatIsNotOpen() {
        assertFailure(9999, "the descriptor is not open");
    }

    @Test
    void aDescriptorThatIsNotASocket() throws IOException {
        Path file = Files.createTempFile("weft", "file");
        try (FileInputStream input = new FileInputStream(file.toFile())) {
            assertFailure(Inherited.number(input.getFD()), "the descriptor is not a socket");
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void aDescriptorThatIsNotAStreamSocket() throws IOException {
        try (AFUNIXDatagramSocket datagrams = AFUNIXDatagramSocket.newInstance()) {
            assertFailure(
                    Inherited.number(datagrams.getFileDescriptor()),
                    "the descriptor is a socket, but not a stream socket");
        }
    }

    @Test
    void aDescriptorThatDoesNotListen() throws IOException {
        Path file = scope.directory().resolve("x.sock");
        Server server = scope.add(Net.createServer(scope::add)).listen(file.toString());
        Object unused = Await.value("bound", server.bound());
        try (AFUNIXSocket connected =
                AFUNIXSocket.connectTo(org.newsclub.net.unix.AFUNIXSocketAddress.of(file.toFile()))) {
            assertFailure(
                    Inherited.number(connected.getFileDescriptor()),
                    "the descriptor is a socket that does not listen: bind(2) and listen(2) must have been called on it");
        }
    }

    @Test
    void aDescriptorThatAnotherServerHas() throws IOException {
        int fd = Inherited.number(listeningTcp());
        Server first = served(fd);
        SocketAddress address = Await.value("bound", first.bound());
        assertFailure(fd, "another server of this process has this descriptor already");
        assertEquals("hello", greeting(address));
        assertFalse(first.closed().isDone());
    }
}
