// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.peers.Programs;
import dev.weft.it.stress.Child;
import dev.weft.it.support.Await;
import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.TestScope;
import dev.weft.net.Encoding;
import dev.weft.net.Net;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Servers whose sockets another program has bound: systemd's own helper, and a parent in Python. */
@ExtendWith(LeakCheck.class)
class ActivationTest {
    private static final int CLIENTS = 300;

    /** Binds TCP and Unix, has them be descriptors 3 and 4 of the program, and waits for it. */
    private static final String PARENT = """
            import os, socket, sys
            tcp = socket.socket()
            tcp.bind(('127.0.0.1', 0))
            tcp.listen(512)
            unix = socket.socket(socket.AF_UNIX)
            unix.bind(sys.argv[1])
            unix.listen(512)
            print('port', tcp.getsockname()[1], flush=True)
            for target, source in ((103, tcp), (104, unix)):
                os.dup2(source.fileno(), target)
            child = os.fork()
            if child == 0:
                for fd in (3, 4):
                    os.dup2(100 + fd, fd)
                os.closerange(5, 256)
                os.environ.update(LISTEN_FDS='2', LISTEN_FDNAMES='tcp:unix', LISTEN_PID=str(os.getpid()))
                os.execvp(sys.argv[2], sys.argv[2:])
            print('ended', os.WEXITSTATUS(os.waitpid(child, 0)[1]), flush=True)
            client = socket.create_connection(tcp.getsockname())
            print('the parent still listens', flush=True)
            """;

    private TestScope scope;
    private Path file;

    @BeforeEach
    void chooseFile(TestScope scope) {
        this.scope = scope;
        file = scope.directory().resolve("x.sock");
    }

    /** Each says its number, hears it, and ends. */
    private void assertEchoes(SocketAddress address) {
        List<CompletableFuture<String>> heard = new ArrayList<>();
        List<Stream> streams = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            CompletableFuture<String> text = new CompletableFuture<>();
            Stream stream = scope.add(Net.createStream());
            stream.setEncoding(Encoding.UTF8);
            StringBuilder all = new StringBuilder();
            stream.onText(all::append);
            stream.onError(text::completeExceptionally);
            stream.onEnd(() -> text.complete(all.toString()));
            stream.connect(address);
            stream.write("I am " + i);
            heard.add(text);
            streams.add(stream);
        }
        for (Stream stream : streams) {
            Object unused = Await.value("all are connected", stream.connected());
        }
        streams.forEach(Stream::end);
        for (int i = 0; i < CLIENTS; i++) {
            assertEquals("I am " + i, Await.value("an echo", heard.get(i)));
        }
    }

    private static SocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    @Test
    void hundredsTalkAtOnceToWhatAPythonParentHasBound() throws IOException {
        assertServesWhatAPythonParentHasBound(List.of());
    }

    /** As of a unit with ProtectSystem=strict, or in a container whose file system is read-only. */
    @Test
    void aServiceNeedsNoTemporaryFolder() throws IOException {
        assumeTrue(Files.isWritable(Path.of("/dev/shm")), "needs /dev/shm");
        assertServesWhatAPythonParentHasBound(List.of("-Djava.io.tmpdir=" + scope.directory() + "/missing"));
    }

    private void assertServesWhatAPythonParentHasBound(List<String> options) throws IOException {
        Programs.assumePresent("python3");
        List<String> command = new ArrayList<>(List.of("python3", "-c", PARENT, file.toString()));
        List<String> java = new ArrayList<>(Child.javaCommand(ActivatedEcho.class));
        java.addAll(1, options);
        command.addAll(java);
        try (Child parent = Child.start(command)) {
            int port = Integer.parseInt(parent.expect("port"));
            parent.expect("sockets 2");
            assertEquals("127.0.0.1:" + port, parent.expect("listening tcp").replaceFirst(".*/", ""));
            assertEquals(file.toString(), parent.expect("listening unix"));
            assertEchoes(loopback(port));
            assertEchoes(UnixDomainSocketAddress.of(file));
            parent.endInput();
            parent.expect("ended 0");
            parent.expect("the parent still listens");
            parent.outputAtEnd();
        }
        Files.delete(file);
    }

    @Test
    void hundredsTalkAtOnceToWhatSystemdHasBound() throws IOException {
        Programs.assumePresent("systemd-socket-activate");
        int port = freePort();
        List<String> command = new ArrayList<>(List.of(
                "systemd-socket-activate", "--listen=127.0.0.1:" + port, "--listen=" + file, "--fdname=tcp:unix"));
        command.addAll(Child.javaCommand(ActivatedEcho.class));
        try (Child systemd = Child.start(command)) {
            // It binds, and starts the program when the first client comes.
            Await.until(
                    () -> "systemd-socket-activate listens: " + systemd,
                    () -> AbstractNameTest.isListening(file.toString()));
            Stream first = scope.add(Net.createConnection(file.toString()));
            systemd.expect("sockets 2");
            systemd.expect("listening tcp");
            systemd.expect("listening unix " + file);
            first.end();
            Object unused = Await.value("the first client is answered", first.closed());
            assertEchoes(loopback(port));
            assertEchoes(UnixDomainSocketAddress.of(file));
            systemd.endInput();
            systemd.outputAtEnd();
        }
        Files.delete(file);
    }

    @Test
    void whatIsMeantForAnotherProcessIsNotTaken() {
        List<String> command = new ArrayList<>(List.of("env", "LISTEN_FDS=1", "LISTEN_PID=1"));
        command.addAll(Child.javaCommand(ActivatedEcho.class));
        try (Child program = Child.start(command)) {
            program.expect("sockets 0");
            program.endInput();
            assertTrue(program.outputAtEnd().isEmpty());
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
