// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.LeakCheck;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A listener that blocks for long: its own stream waits, and nobody else. */
@ExtendWith(LeakCheck.class)
@Tag("single-carrier")
class SlowListenerTest {
    /** What the listener waits for. */
    private final CountDownLatch release = new CountDownLatch(1);

    /** Done when the listener blocks. */
    private final CompletableFuture<Recorder> blocked = new CompletableFuture<>();

    /** Blocks at the first data of each stream that sends a {@code b}, and echoes others. */
    private final Server server = Net.createServer((Stream stream) -> {
        Recorder recorder = Recorder.of(stream);
        stream.onData(data -> {
            if (data.get(data.position()) == 'b') {
                blocked.complete(recorder);
                release.await();
            } else {
                stream.write(data);
            }
        });
    });

    private int port() {
        return Pair.port(server);
    }

    SlowListenerTest() {
        server.listen(0, "127.0.0.1");
    }

    @AfterEach
    void closeServer() {
        release.countDown();
        server.close();
        if (blocked.isDone()) {
            blocked.join().stream().destroy();
        }
        Wait.result("close of the server", server.closed());
    }

    private static Socket connect(int port, String text) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout((int) Wait.LIMIT.toMillis());
        socket.getOutputStream().write(text.getBytes(US_ASCII));
        return socket;
    }

    private static void assertEchoed(String text, Socket socket) throws IOException {
        byte[] echo = socket.getInputStream().readNBytes(text.length());
        assertEquals(text, new String(echo, US_ASCII));
    }

    @Test
    void otherStreamsGoOn() throws IOException {
        try (Socket early = connect(port(), "early");
                Socket slow = connect(port(), "block")) {
            assertEchoed("early", early);
            Wait.result("the listener blocks", blocked);
            try (Socket late = connect(port(), "late")) {
                assertEchoed("late", late);
            }
            early.getOutputStream().write('!');
            assertEchoed("!", early);
            assertFalse(slow.isClosed());
        }
    }

    @Test
    void moreListenersThanProcessorsMayBlock() throws IOException {
        int many = 20 * Runtime.getRuntime().availableProcessors();
        Socket[] slow = new Socket[many];
        try {
            for (int i = 0; i < many; i++) {
                slow[i] = connect(port(), "block");
            }
            Wait.until("all are connected", () -> server.connections() == many);
            try (Socket late = connect(port(), "late")) {
                assertEchoed("late", late);
            }
            release.countDown();
        } finally {
            for (Socket socket : slow) {
                if (socket != null) {
                    socket.close();
                }
            }
        }
    }

    @Test
    void itsPeerIsPushedBackUntilItReturns() throws IOException {
        try (SocketChannel peer = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port()))) {
            peer.configureBlocking(false);
            long sent = 1;
            assertEquals(1, peer.write(ByteBuffer.wrap(new byte[] {'b'})));
            Stream stream = Wait.result("the listener blocks", blocked).stream();
            long readWhenBlocked = stream.bytesRead();

            ByteBuffer chunk = ByteBuffer.allocate(64 << 10);
            for (int n = 1; n > 0; ) {
                n = peer.write(chunk.clear());
                sent += n;
                assertTrue(sent < 64 << 20, "the kernel takes everything for a listener that blocks");
            }
            assertEquals(readWhenBlocked, stream.bytesRead());

            release.countDown();
            long all = sent;
            Wait.until(() -> all + " bytes at " + blocked.join(), () -> stream.bytesRead() == all);
        }
    }

    @Test
    void whatOtherThreadsWriteToItsStreamGoesOut() throws IOException {
        try (Socket peer = connect(port(), "block")) {
            Stream stream = Wait.result("the listener blocks", blocked).stream();
            stream.write("first");
            assertEchoed("first", peer);
            stream.write("second");
            assertEchoed("second", peer);
            stream.end("last");
            assertEchoed("last", peer);
            assertEquals(-1, peer.getInputStream().read());
        }
    }

    @Test
    void muchThatOtherThreadsWriteToItsStreamGoesOut() throws IOException {
        int size = 8 << 20;
        try (Socket peer = connect(port(), "block")) {
            Stream stream = Wait.result("the listener blocks", blocked).stream();
            stream.end(ByteBuffer.allocate(size));
            assertEquals(size, peer.getInputStream().readAllBytes().length);
            assertEquals(0, stream.bufferedBytes());
        }
    }

    @Test
    void itsTimeoutIsToldAfterItReturns() throws IOException {
        try (Socket peer = connect(port(), "block");
                Stream other = Net.createConnection(port())) {
            Recorder recorder = Wait.result("the listener blocks", blocked);
            recorder.stream().setTimeout(20);
            // by the time that another one's later and longer timeout is told, this one is due
            CountDownLatch later = new CountDownLatch(1);
            other.onTimeout(later::countDown);
            other.setTimeout(100);
            Wait.latch("the other stream's timeout", later);
            assertEquals(List.of("connect", "data"), recorder.events());
            release.countDown();
            recorder.await("timeout");
            assertFalse(peer.isClosed());
        }
    }

    @Test
    void itsCloseIsToldAfterItReturns() throws IOException {
        try (Socket peer = connect(port(), "block")) {
            Recorder recorder = Wait.result("the listener blocks", blocked);
            recorder.stream().destroy();
            assertEquals(-1, peer.getInputStream().read());
            assertEquals(List.of("connect", "data"), recorder.events());
            assertFalse(recorder.stream().closed().isDone(), "closed while its listener runs");
            release.countDown();
            recorder.awaitClose();
            assertEquals(List.of("connect", "data", "close false"), recorder.events());
        }
    }

    @Test
    void itsPeersEndIsToldAfterItReturns() throws IOException {
        try (Socket peer = connect(port(), "block")) {
            Recorder recorder = Wait.result("the listener blocks", blocked);
            peer.shutdownOutput();
            try (Socket late = connect(port(), "late")) {
                assertEchoed("late", late);
            }
            assertEquals(List.of("connect", "data"), recorder.events());
            release.countDown();
            assertEquals(-1, peer.getInputStream().read());
            recorder.awaitClose();
            assertEquals(List.of("connect", "data", "end", "close false"), recorder.events());
        }
    }
}
