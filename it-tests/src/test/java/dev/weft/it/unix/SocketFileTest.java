// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
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
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The file of a Unix socket: who makes it, replaces it, removes it, and what is never touched. */
@ExtendWith(LeakCheck.class)
class SocketFileTest {
    private TestScope scope;
    private Path file;

    @BeforeEach
    void chooseFile(TestScope scope) {
        this.scope = scope;
        file = scope.directory().resolve("x.sock");
    }

    private Server listening() {
        return listening(ServerOptions.defaults());
    }

    /** Greets with its own number. */
    private Server listening(ServerOptions options) {
        Server server =
                scope.add(Net.createServer(options, stream -> scope.add(stream).end("hello")));
        server.listen(file.toString());
        assertEquals(UnixDomainSocketAddress.of(file), Await.value("bound", server.bound()));
        return server;
    }

    private NetException failure(String path) {
        return failure(ServerOptions.defaults(), path);
    }

    private NetException failure(ServerOptions options, String path) {
        Server server = scope.add(Net.createServer(options, stream -> {}));
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        server.onError(error::complete);
        server.listen(path);
        return assertInstanceOf(NetException.class, Await.value("error", error));
    }

    private static void assertMessage(NetException e, Code code, String... parts) {
        assertEquals(code, e.code(), e::getMessage);
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), () -> "no '" + part + "' in: " + e.getMessage());
        }
    }

    private void assertGreets() {
        CompletableFuture<String> text = new CompletableFuture<>();
        Stream stream = scope.add(Net.createStream());
        stream.setEncoding(Encoding.UTF8);
        stream.onText(text::complete);
        stream.connect(file.toString());
        assertEquals("hello", Await.value("a greeting", text));
        Object unused = Await.value("closed", stream.closed());
    }

    private void close(Server server) {
        server.close();
        Object unused = Await.value("closed", server.closed());
    }

    /** A file such as a killed process leaves behind. */
    private void leaveDeadSocket() throws IOException {
        try (ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            killed.bind(UnixDomainSocketAddress.of(file));
        }
        assertTrue(Files.exists(file));
    }

    @Test
    void listenMakesTheFileAndCloseRemovesIt() {
        Server server = listening();
        assertTrue(Files.exists(file));
        assertGreets();
        close(server);
        assertFalse(Files.exists(file));
    }

    @Test
    void aDeadSocketsFileIsReplaced() throws IOException {
        leaveDeadSocket();
        Server server = listening();
        assertGreets();
        close(server);
        assertFalse(Files.exists(file));
    }

    @Test
    void aLiveServersFileIsInUseAndGoesOnServing() {
        Server first = listening();
        assertMessage(
                failure(file.toString()),
                Code.ADDRESS_IN_USE,
                "listen unix " + file + ": ",
                "there is a socket that someone listens on");
        assertGreets();
        close(first);
    }

    @Test
    void aServerWithAFullBacklogIsAlive() throws IOException {
        ServerSocketChannel busy = scope.add(ServerSocketChannel.open(StandardProtocolFamily.UNIX));
        busy.bind(UnixDomainSocketAddress.of(file), 1);
        fill(busy);
        assertMessage(failure(file.toString()), Code.ADDRESS_IN_USE, "someone may listen on");
        Files.delete(file);
    }

    private void fill(ServerSocketChannel listener) throws IOException {
        try {
            for (; ; ) {
                SocketChannel filler = scope.add(SocketChannel.open(StandardProtocolFamily.UNIX));
                filler.configureBlocking(false);
                assertTrue(filler.connect(listener.getLocalAddress()));
            }
        } catch (java.net.SocketException full) {
            // EAGAIN
        }
    }

    /** Things at the path that are not sockets. */
    enum Thing {
        REGULAR_FILE("a regular file") {
            @Override
            void make(Path path) throws IOException {
                Files.writeString(path, "precious");
            }
        },
        FOLDER("a folder") {
            @Override
            void make(Path path) throws IOException {
                Files.createDirectory(path);
            }
        },
        LINK("a symbolic link") {
            @Override
            void make(Path path) throws IOException {
                Files.createSymbolicLink(path, path.resolveSibling("nowhere"));
            }
        },
        PIPE("a pipe or device") {
            @Override
            void make(Path path) throws IOException {
                try {
                    assertEquals(
                            0,
                            new ProcessBuilder("mkfifo", path.toString())
                                    .start()
                                    .waitFor());
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        };

        private final String name;

        Thing(String name) {
            this.name = name;
        }

        abstract void make(Path path) throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNoSocketIsNeverTouchedAndTheErrorSaysWhatItIs(Thing thing) throws IOException {
        thing.make(file);
        Object before = key();
        assertMessage(
                failure(file.toString()),
                Code.ADDRESS_IN_USE,
                "listen unix " + file + ": ",
                "there is " + thing.name + ", which is not a socket, and was left alone");
        assertEquals(before, key());
        Files.delete(file);
    }

    private Object key() throws IOException {
        return Files.getAttribute(file, "unix:ino", LinkOption.NOFOLLOW_LINKS);
    }

    @Test
    void closeLeavesTheFileOfAServerThatCameAfterAlone() throws IOException {
        Server first = listening();
        Files.delete(file);
        Server second = listening();
        close(first);
        assertGreets();
        close(second);
        assertFalse(Files.exists(file));
    }

    @Test
    void closeLeavesAnythingElseAlone() throws IOException {
        Server server = listening();
        Files.delete(file);
        Files.writeString(file, "precious");
        close(server);
        assertEquals("precious", Files.readString(file));
        Files.delete(file);
    }

    @Test
    void closeIsContentIfTheFileIsGone() throws IOException {
        Server server = listening();
        Files.delete(file);
        close(server);
    }

    @Test
    void aServerListensAgainOnTheSamePath() {
        for (int i = 0; i < 3; i++) {
            Server server = listening();
            assertGreets();
            close(server);
        }
    }

    // -- Permissions. --

    @Test
    void theFileHasThePermissionsThatWereAskedForAndNeverOthers() throws IOException, InterruptedException {
        Set<PosixFilePermission> wanted = PosixFilePermissions.fromString("rw-------");
        Set<String> seen = ConcurrentHashMap.newKeySet();
        AtomicBoolean over = new AtomicBoolean();
        Thread watcher = Thread.ofPlatform().start(() -> {
            while (!over.get()) {
                try {
                    seen.add(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
                } catch (IOException e) {
                    // not there at this moment
                }
            }
        });
        for (int i = 0; i < 30; i++) {
            Server server = listening(ServerOptions.defaults().socketFilePermissions(wanted));
            assertEquals(wanted, Files.getPosixFilePermissions(file));
            assertGreets();
            close(server);
        }
        over.set(true);
        watcher.join();
        seen.remove("rw-------");
        assertEquals(Set.of(), seen);
    }

    @Test
    void permissionsMayBeWiderThanTheUmaskLeaves() throws IOException {
        Set<PosixFilePermission> wanted = PosixFilePermissions.fromString("rw-rw-rw-");
        close(assertPermissions(wanted));
        leaveDeadSocket();
        close(assertPermissions(wanted));
    }

    private Server assertPermissions(Set<PosixFilePermission> wanted) throws IOException {
        Server server = listening(ServerOptions.defaults().socketFilePermissions(wanted));
        assertEquals(wanted, Files.getPosixFilePermissions(file));
        try (var files = Files.list(scope.directory())) {
            assertEquals(List.of(file), files.toList());
        }
        return server;
    }

    @Test
    void permissionsChangeNothingForWhatMustBeLeftAlone() throws IOException {
        ServerOptions options =
                ServerOptions.defaults().socketFilePermissions(PosixFilePermissions.fromString("rw-------"));
        Server first = listening(options);
        Server second = scope.add(Net.createServer(options, stream -> {}));
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        second.onError(error::complete);
        second.listen(file.toString());
        assertMessage((NetException) Await.value("error", error), Code.ADDRESS_IN_USE, "someone listens on");
        close(first);
    }

    // -- Paths that cannot be. --

    @Test
    void aPathThatIsTooLongNamesItsLengthAndTheLimit() {
        String folder = scope.directory() + "/";
        String longest = folder + "x".repeat(106 - folder.length());
        String tooLong = longest + "x";
        assertMessage(failure(tooLong), Code.OTHER, "listen unix " + tooLong + ": ", "107 bytes", "106 at most");
        Stream stream = scope.add(Net.createStream());
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        stream.onError(error::complete);
        stream.connect(tooLong);
        assertMessage(
                (NetException) Await.value("error", error),
                Code.OTHER,
                "connect unix " + tooLong + ": ",
                "107 bytes",
                "106 at most");
        file = Path.of(longest);
        Server server = listening();
        assertGreets();
        close(server);
    }

    @Test
    void bytesCountAndNotCharacters() {
        String folder = scope.directory() + "/";
        file = Path.of(folder + "\u20ac".repeat(10));
        Server server = listening();
        assertGreets();
        close(server);
        assertMessage(failure(folder + "\u20ac".repeat(34)), Code.OTHER, 3 * 34 + folder.length() + " bytes");
    }

    @Test
    void aFolderThatIsNotThereIsNamed() {
        String path = scope.directory() + "/missing/x.sock";
        assertMessage(failure(path), Code.NOT_FOUND, "listen unix " + path + ": ", "No such file or directory");
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        Stream stream = scope.add(Net.createStream());
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        stream.onError(error::complete);
        stream.connect(file.toString());
        assertMessage(
                (NetException) Await.value("error", error),
                Code.NOT_FOUND,
                "connect unix " + file + ": No such file or directory");
    }

    @Test
    void aDeadSocketRefusesConnections() throws IOException {
        leaveDeadSocket();
        Stream stream = scope.add(Net.createStream());
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        stream.onError(error::complete);
        stream.connect(file.toString());
        assertMessage(
                (NetException) Await.value("error", error),
                Code.CONNECTION_REFUSED,
                "connect unix " + file + ": Connection refused");
        Files.delete(file);
    }

    @Test
    void anEmptyPathIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Net.createServer().listen(""));
        assertThrows(IllegalArgumentException.class, () -> Net.createConnection(""));
        assertThrows(IllegalArgumentException.class, () -> Net.createConnection("a\0b"));
    }

    @Test
    void whatIsNoPathIsRefusedAtOnce() {
        for (String path : List.of("a\0b", "\0abstract", "/tmp/\ud800")) {
            assertThrows(
                    IllegalArgumentException.class, () -> Net.createServer().listen(path));
            assertThrows(IllegalArgumentException.class, () -> Net.createConnection(path));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", ".", ".."})
    void foldersOfEachSpellingAreFolders(String path) {
        assertMessage(failure(path), Code.ADDRESS_IN_USE, "listen unix " + path + ": ", "there is a folder");
    }

    @Test
    void aFolderThatIsAFileIsNone() throws IOException {
        Files.writeString(file, "precious");
        assertMessage(failure(file + "/x.sock"), Code.OTHER, "listen unix " + file + "/x.sock: ", "Not a directory");
        Files.delete(file);
    }

    @Test
    void aLinkToASocketLeadsClientsThereAndIsLeftAloneByServers() throws IOException {
        Server server = listening();
        Path socket = file;
        file = scope.directory().resolve("link");
        Files.createSymbolicLink(file, socket);
        assertGreets();
        assertMessage(failure(file.toString()), Code.ADDRESS_IN_USE, "there is a symbolic link", "left alone");
        close(server);
        // and so is one that leads to nothing any more
        assertMessage(failure(file.toString()), Code.ADDRESS_IN_USE, "there is a symbolic link", "left alone");
        assertMessage(connectFailure(file.toString()), Code.NOT_FOUND, "connect unix " + file + ": ");
        Files.delete(file);
        file = socket;
    }

    @Test
    void linksThatGoRoundInCirclesAreAnError() throws IOException {
        Files.createSymbolicLink(file, file);
        assertMessage(connectFailure(file.toString()), Code.OTHER, "connect unix " + file + ": Too many levels of");
        assertMessage(failure(file + "/x.sock"), Code.OTHER, "listen unix " + file + "/x.sock: ", "Too many levels of");
        Files.delete(file);
    }

    @Test
    void aLinkToTheFolderIsAWayToALongPath() throws IOException {
        Path deep = scope.directory().resolve("x".repeat(106));
        Files.createDirectory(deep);
        Path link = Files.createSymbolicLink(scope.directory().resolve("l"), deep);
        file = link.resolve("x.sock");
        Server server = listening();
        assertTrue(Files.exists(deep.resolve("x.sock")));
        assertGreets();
        close(server);
        Files.delete(deep); // it is empty
        Files.delete(link);
    }

    @ParameterizedTest
    @EnumSource(names = {"REGULAR_FILE", "FOLDER", "PIPE"})
    void connectingToWhatIsNoSocketIsRefused(Thing thing) throws IOException {
        thing.make(file);
        assertMessage(connectFailure(file.toString()), Code.CONNECTION_REFUSED, "connect unix " + file + ": ");
        Files.delete(file);
    }

    /** The file fits, but not the folder beside it in which it is made. */
    @Test
    void permissionsThatDoNotFitSaySo() throws IOException {
        String folder = scope.directory() + "/";
        Path deep = Files.createDirectory(Path.of(folder + "x".repeat(100 - folder.length())));
        file = deep.resolve("y");
        close(listening());
        ServerOptions options =
                ServerOptions.defaults().socketFilePermissions(PosixFilePermissions.fromString("rw-------"));
        assertMessage(
                failure(options, file.toString()),
                Code.OTHER,
                "listen unix " + file + ": with permissions",
                "109 bytes",
                "106 at most");
        Files.delete(deep); // it is empty
    }

    /** A name of bytes that are no text in any encoding, as another program may have made it. */
    @Test
    void aNameThatIsNoTextIsAsGoodAsAnyOther() throws IOException {
        Programs.assumePresent("python3");
        String program = """
                import os, socket, sys
                listener = socket.socket(socket.AF_UNIX)
                listener.bind(os.fsencode(sys.argv[1]) + b'/\\xff\\xfe')
                listener.listen()
                print('ready', flush=True)
                for i in range(2):
                    listener.accept()[0].sendall(b'hello')
                sys.stdin.readline()
                """;
        try (Child python =
                Child.start(List.of("python3", "-c", program, scope.directory().toString()))) {
            python.expect("ready");
            Path name;
            try (var files = Files.list(scope.directory())) {
                name = files.findFirst().orElseThrow();
            }
            CompletableFuture<String> text = new CompletableFuture<>();
            Stream stream = scope.add(Net.createStream());
            stream.setEncoding(Encoding.UTF8);
            stream.onText(text::complete);
            stream.connect(UnixDomainSocketAddress.of(name));
            assertEquals("hello", Await.value("a greeting", text));
            python.close();
            python.outputAtEnd();
            // and its dead file is replaced, and removed
            Server server = scope.add(Net.createServer(stream2 -> {}));
            server.listen(UnixDomainSocketAddress.of(name));
            Object unused = Await.value("bound", server.bound());
            close(server);
            assertFalse(Files.exists(name));
        }
    }

    private NetException connectFailure(String path) {
        Stream stream = scope.add(Net.createStream());
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        stream.onError(error::complete);
        stream.connect(path);
        return assertInstanceOf(NetException.class, Await.value("error", error));
    }

    // -- Closing and listening again. --

    /** Nothing is there when all is over, whatever the moment was at which it was closed; LeakCheck looks too. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aServerThatIsClosedAtAnyMomentLeavesNoFile(boolean withPermissions) throws IOException {
        ServerOptions options = withPermissions
                ? ServerOptions.defaults().socketFilePermissions(PosixFilePermissions.fromString("rw-------"))
                : ServerOptions.defaults();
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 100; round++) {
            Server server = scope.add(Net.createServer(options, stream -> stream.end("hello")));
            server.listen(file.toString());
            int spins = random.nextInt(1 << random.nextInt(1, 20));
            for (int i = 0; i < spins; i++) {
                Thread.onSpinWait();
            }
            server.close();
            Object unused = Await.value("closed, seed " + seed, server.closed());
            int number = round;
            try (var files = Files.list(scope.directory())) {
                assertEquals(List.of(), files.toList(), () -> "round " + number + " of seed " + seed);
            }
        }
        Server last = listening(options);
        assertGreets();
        close(last);
    }

    // -- A full backlog. --

    private void acceptAll(ServerSocketChannel listener) {
        try {
            for (SocketChannel next = listener.accept(); next != null; next = listener.accept()) {
                scope.add(next);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void connectWaitsForRoomInTheBacklog() throws IOException {
        ServerSocketChannel busy = scope.add(ServerSocketChannel.open(StandardProtocolFamily.UNIX));
        busy.bind(UnixDomainSocketAddress.of(file), 1);
        fill(busy);
        List<Stream> streams = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            streams.add(scope.add(Net.createConnection(file.toString())));
        }
        assertFalse(streams.getFirst().connected().isDone());
        busy.configureBlocking(false);
        Await.until("all connect in the end", () -> {
            acceptAll(busy);
            return streams.stream().allMatch(stream -> stream.connected().isDone());
        });
        Files.delete(file);
    }
}
