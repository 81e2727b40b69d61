// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.peers.Programs;
import dev.weft.it.stress.Child;
import dev.weft.it.support.Await;
import dev.weft.it.support.Inherited;
import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.TestScope;
import dev.weft.net.AbstractAddress;
import dev.weft.net.Listener;
import dev.weft.net.Net;
import dev.weft.net.NetException;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import dev.weft.net.unix.DescriptorPassing;
import dev.weft.net.unix.PassingAddress;
import java.io.BufferedInputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Open files and sockets go over a stream, in order with the bytes. */
@ExtendWith(LeakCheck.class)
class DescriptorPassingTest {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private TestScope scope;
    private PassingAddress address;
    private Path content;
    private List<String> openFilesBefore;

    @BeforeEach
    void chooseAddress(TestScope scope) throws IOException {
        this.scope = scope;
        assumeTrue(Files.isDirectory(DESCRIPTORS), "needs Linux");
        address = PassingAddress.of(scope.directory().resolve("x.sock"));
        content = Files.createTempFile("weft", "content");
        openFilesBefore = openFiles();
    }

    /** A descriptor that is lost stays open, and keeps its file. */
    @AfterEach
    void noFileIsLeftOpen() throws IOException {
        Await.until(
                () -> "no file is left open: " + openFiles(), () -> openFiles().equals(openFilesBefore));
        Files.delete(content);
    }

    private static List<String> openFiles() {
        List<String> files = new ArrayList<>();
        try (var links = Files.list(DESCRIPTORS)) {
            for (Path link : (Iterable<Path>) links::iterator) {
                try {
                    String target = Files.readSymbolicLink(link).toString();
                    if (target.contains("weft") && target.contains("content")) {
                        files.add(target);
                    }
                } catch (IOException e) {
                    // closed meanwhile
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        Collections.sort(files);
        return files;
    }

    private FileInputStream file(String text) throws IOException {
        Files.writeString(content, text);
        return new FileInputStream(content.toFile());
    }

    private static String read(FileDescriptor descriptor) throws IOException {
        // FileInputStream.readAllBytes seeks, before Java 22, which a pipe does not take
        try (InputStream input = new BufferedInputStream(new FileInputStream(descriptor))) {
            return new String(input.readAllBytes(), UTF_8);
        }
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(UTF_8));
    }

    /** What a stream hears: its bytes, and between them the content of each file, in brackets. */
    private static final class Heard {
        private final StringBuilder text = new StringBuilder();

        private Heard(Stream stream) {
            stream.onData(data -> {
                List<FileDescriptor> descriptors = DescriptorPassing.of(stream).received();
                synchronized (text) {
                    for (FileDescriptor descriptor : descriptors) {
                        text.append('[').append(read(descriptor)).append(']');
                    }
                    text.append(UTF_8.decode(data));
                }
            });
        }

        private String text() {
            synchronized (text) {
                return text.toString();
            }
        }

        private void await(String what) {
            Await.until(() -> what + ", but heard " + text(), () -> text().equals(what));
        }
    }

    private record Pair(Stream client, Stream server, Heard atClient, Heard atServer) {}

    private Stream listenAndConnect(Listener<? super Stream> listener) {
        Server server = scope.add(Net.createServer(listener)).listen(address);
        Object unused = Await.value("bound", server.bound());
        Stream client = scope.add(Net.createConnection(address));
        return Await.value("connected", client.connected());
    }

    private Pair pair() {
        CompletableFuture<Stream> accepted = new CompletableFuture<>();
        CompletableFuture<Heard> heard = new CompletableFuture<>();
        Stream client = listenAndConnect(stream -> {
            heard.complete(new Heard(stream));
            accepted.complete(scope.add(stream));
        });
        return new Pair(client, Await.value("accepted", accepted), new Heard(client), Await.value("accepted", heard));
    }

    @Test
    void aFileGoesBothWays() throws IOException {
        assertGoesBothWays();
    }

    @Test
    void aFileGoesBothWaysAtAnAbstractName() throws IOException {
        address = PassingAddress.of(
                AbstractAddress.of("weft-passing-" + ProcessHandle.current().pid()));
        assertGoesBothWays();
    }

    private void assertGoesBothWays() throws IOException {
        Pair pair = pair();
        try (FileInputStream file = file("one")) {
            DescriptorPassing.of(pair.client).write(bytes("x"), file.getFD());
        }
        pair.atServer.await("[one]x");
        try (FileInputStream file = file("two")) {
            DescriptorPassing.of(pair.server).write(bytes("y"), file.getFD());
        }
        pair.atClient.await("[two]y");
    }

    @Test
    void severalGoAtOnceAndKeepTheirOrder() throws IOException {
        Pair pair = pair();
        Path other = Files.createTempFile("weft", "content");
        Files.writeString(other, "two");
        try (FileInputStream one = file("one");
                FileInputStream two = new FileInputStream(other.toFile())) {
            DescriptorPassing.of(pair.client).write(bytes("x"), one.getFD(), two.getFD());
        }
        pair.atServer.await("[one][two]x");
        Files.delete(other);
    }

    /** The peer does not read at first, so that the kernel is full and the rest goes through the queue. */
    @Test
    void orderWithTheBytesAroundHoldsThroughAFullQueue() throws IOException {
        CompletableFuture<Stream> accepted = new CompletableFuture<>();
        CompletableFuture<Heard> heard = new CompletableFuture<>();
        Stream client = listenAndConnect(stream -> {
            stream.pause();
            heard.complete(new Heard(stream));
            accepted.complete(scope.add(stream));
        });
        StringBuilder expected = new StringBuilder();
        try (FileInputStream file = file("content")) {
            for (int i = 0; i < 40; i++) {
                String before = i + ":" + "b".repeat(20_000);
                client.write(before);
                boolean flushed = DescriptorPassing.of(client).write(bytes("<" + i + ">"), file.getFD());
                expected.append(before).append("<").append(i).append(">");
                assertFalse(flushed && i == 39, "the queue was never full");
            }
        }
        client.end();
        Await.value("accepted", accepted).resume();
        Object unused = Await.value("closed", client.closed());
        String text = Await.value("heard", heard).text();
        // All of them share one offset, so the first that is read has the content.
        String plain = text.replace("[content]", "").replace("[]", "");
        assertEquals(expected.toString(), plain);
        int from = 0;
        for (int i = 0; i < 40; i++) {
            int at = text.indexOf('[', from);
            assertTrue(at >= 0, "descriptor " + i + " is lost");
            String seen = text.substring(0, at).replace("[content]", "").replace("[]", "");
            int mark = expected.indexOf("<" + i + ">");
            int after = i == 0 ? 0 : expected.indexOf("<" + (i - 1) + ">");
            assertTrue(seen.length() <= mark, "descriptor " + i + " came after its bytes");
            assertTrue(seen.length() >= after, "descriptor " + i + " came before earlier ones' bytes");
            from = at + 1;
        }
        assertEquals(-1, text.indexOf('[', from));
    }

    @Test
    void aSocketThatListensGoesToAnotherServer() throws IOException {
        Server other = scope.add(Net.createServer(stream -> stream.end("hello")));
        Stream client = listenAndConnect(stream -> {
            scope.add(stream).onData(data -> {
                for (FileDescriptor descriptor : DescriptorPassing.of(stream).received()) {
                    other.listenFD(Inherited.number(descriptor));
                }
            });
        });
        FileDescriptor listening = Inherited.listening(
                ServerSocketChannel.open(StandardProtocolFamily.INET),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        DescriptorPassing.of(client).write(bytes("take this"), listening);
        Inherited.close(listening);
        SocketAddress bound = Await.value("bound", other.bound());
        CompletableFuture<String> text = new CompletableFuture<>();
        Stream stream = scope.add(Net.createStream());
        stream.onData(data -> text.complete(UTF_8.decode(data).toString()));
        stream.connect(bound);
        assertEquals("hello", Await.value("a greeting", text));
    }

    @Test
    void pythonPassesAndReceives() throws IOException {
        Programs.assumePresent("python3");
        CompletableFuture<Heard> heard = new CompletableFuture<>();
        Server server = scope.add(Net.createServer(stream -> {
            heard.complete(new Heard(stream));
            try (FileInputStream file = file("ours")) {
                DescriptorPassing.of(scope.add(stream)).write(bytes("to python"), file.getFD());
            }
        }));
        server.listen(address);
        Object unused = Await.value("bound", server.bound());
        String program = """
                import os, socket, sys
                client = socket.socket(socket.AF_UNIX)
                client.connect(sys.argv[1])
                data, fds, flags, peer = socket.recv_fds(client, 100, 5)
                print(data.decode(), os.pread(fds[0], 100, 0).decode(), len(fds), flush=True)
                client.sendall(b'before ')
                r, w = os.pipe()
                os.write(w, b'theirs')
                os.close(w)
                socket.send_fds(client, [b'with'], [r])
                client.sendall(b' after')
                sys.stdin.readline()
                """;
        try (Child python = Child.start(List.of("python3", "-c", program, address.toString()))) {
            python.expect("to python ours 1");
            Heard text = Await.value("accepted", heard);
            Await.until(
                    () -> "all of it, but heard " + text.text(),
                    () -> text.text().replace("[theirs]", "").equals("before with after"));
            assertTrue(text.text().indexOf("[theirs]") <= "before ".length(), text::text);
        }
    }

    @Test
    void whatIsNeverTakenIsClosed() throws IOException {
        CompletableFuture<Stream> accepted = new CompletableFuture<>();
        CompletableFuture<Boolean> arrived = new CompletableFuture<>();
        Stream client = listenAndConnect(stream -> {
            stream.onData(data -> arrived.complete(true));
            accepted.complete(scope.add(stream));
        });
        try (FileInputStream file = file("forgotten")) {
            DescriptorPassing.of(client).write(bytes("x"), file.getFD());
        }
        Object unused = Await.value("arrived", arrived);
        Await.value("accepted", accepted).destroy();
    }

    @Test
    void whatIsNeverSentIsClosed() throws IOException {
        Stream client = listenAndConnect(stream -> scope.add(stream).pause());
        while (client.write(new byte[100_000])) {
            // until the kernel is full
        }
        try (FileInputStream file = file("unsent")) {
            assertFalse(DescriptorPassing.of(client).write(bytes("x"), file.getFD()));
        }
        client.destroy();
        Object unused = Await.value("closed", client.closed());
        try (FileInputStream file = file("late")) {
            assertFalse(DescriptorPassing.of(client).write(bytes("x"), file.getFD()));
        }
    }

    @Test
    void asManyGoAtOnceAsTheSystemTakes() throws IOException {
        Pair pair = pair();
        FileDescriptor[] many = new FileDescriptor[DescriptorPassing.MAX_DESCRIPTORS];
        try (FileInputStream file = file("one")) {
            Arrays.fill(many, file.getFD());
            boolean unused = DescriptorPassing.of(pair.client).write(bytes("x"), many);
        }
        // all of them share one offset, so the first that is read has the content
        pair.atServer.await("[one]" + "[]".repeat(many.length - 1) + "x");
    }

    /** Or one client could use up the descriptors of a server that expects none, and so keep all others out. */
    @Test
    void aPeerThatPassesWhatNoOneTakesIsCutOff() throws IOException {
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        Stream client = listenAndConnect(stream -> {
            scope.add(stream).onData(data -> {});
            stream.onError(error::complete);
        });
        client.onError(e -> {}); // it is cut off
        DescriptorPassing passing = DescriptorPassing.of(client);
        FileDescriptor[] many = new FileDescriptor[DescriptorPassing.MAX_DESCRIPTORS];
        try (FileInputStream file = file("flood")) {
            Arrays.fill(many, file.getFD());
            for (int i = 0; i <= DescriptorPassing.MAX_RECEIVED / many.length; i++) {
                boolean unused = passing.write(bytes("x"), many);
            }
        } catch (IllegalStateException e) {
            // it was cut off before the last one
        }
        NetException e = assertInstanceOf(NetException.class, Await.value("error", error));
        assertTrue(
                e.getMessage().contains("more than " + DescriptorPassing.MAX_RECEIVED + " descriptors"), e::getMessage);
        Object unused = Await.value("closed", client.closed());
    }

    @Test
    void aPeerMayPassAsManyAsItLikesIfTheyAreTaken() throws IOException {
        AtomicInteger taken = new AtomicInteger();
        Stream client = listenAndConnect(stream -> scope.add(stream).onData(data -> {
            for (FileDescriptor descriptor : DescriptorPassing.of(stream).received()) {
                Inherited.close(descriptor);
                taken.incrementAndGet();
            }
        }));
        FileDescriptor[] many = new FileDescriptor[100];
        int messages = 2 + DescriptorPassing.MAX_RECEIVED / many.length;
        try (FileInputStream file = file("many")) {
            Arrays.fill(many, file.getFD());
            for (int i = 0; i < messages; i++) {
                boolean unused = DescriptorPassing.of(client).write(bytes("x"), many);
            }
        }
        Await.until(() -> "all are taken, but " + taken, () -> taken.get() == messages * many.length);
    }

    @Test
    void argumentsAreChecked() throws IOException {
        Pair pair = pair();
        DescriptorPassing passing = DescriptorPassing.of(pair.client);
        assertThrows(IllegalArgumentException.class, () -> passing.write(bytes("")));
        assertThrows(IllegalArgumentException.class, () -> passing.write(bytes("x")));
        assertThrows(
                IllegalArgumentException.class,
                () -> passing.write(bytes("x"), new FileDescriptor[DescriptorPassing.MAX_DESCRIPTORS + 1]));
        FileInputStream closed = file("closed");
        FileDescriptor descriptor = closed.getFD();
        closed.close();
        assertThrows(IOException.class, () -> passing.write(bytes("x"), descriptor));
        pair.client.end();
        try (FileInputStream file = file("ended")) {
            assertThrows(IllegalStateException.class, () -> passing.write(bytes("x"), file.getFD()));
        }
    }

    @Test
    void otherStreamsPassNothing() {
        Path plain = scope.directory().resolve("plain.sock");
        Server server = scope.add(Net.createServer(scope::add)).listen(plain.toString());
        Object unused = Await.value("bound", server.bound());
        Stream stream = scope.add(Net.createConnection(plain.toString()));
        unused = Await.value("connected", stream.connected());
        UnsupportedOperationException e =
                assertThrows(UnsupportedOperationException.class, () -> DescriptorPassing.of(stream));
        assertTrue(e.getMessage().contains("PassingAddress"), e::getMessage);
    }
}
