// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The numbers of channels' descriptors, checked against what {@code getsockname(2)} says of them. */
class DescriptorsTest {
    @TempDir
    Path folder;

    private final Deque<Closeable> open = new ArrayDeque<>();

    @BeforeEach
    void needsLinux() throws IOException {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "not Linux");
        Posix.require("the test");
    }

    @AfterEach
    void closeAll() throws IOException {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }

    private <T extends Closeable> T add(T resource) {
        open.push(resource);
        return resource;
    }

    private SocketChannel boundUnix(String name) throws IOException {
        SocketChannel channel = add(SocketChannel.open(StandardProtocolFamily.UNIX));
        return channel.bind(UnixDomainSocketAddress.of(folder.resolve(name)));
    }

    private static void assertFound(NetworkChannel channel) throws IOException {
        assertEquals(channel.getLocalAddress(), RawAddress.of(Descriptors.of(channel)));
    }

    @Test
    void listenersAreFound() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        assertFound(
                add(ServerSocketChannel.open(StandardProtocolFamily.INET)).bind(new InetSocketAddress(loopback, 0)));
        assertFound(add(ServerSocketChannel.open(StandardProtocolFamily.UNIX))
                .bind(UnixDomainSocketAddress.of(folder.resolve("listener"))));
    }

    @Test
    void eachOfManyIsFoundInAnyOrder() throws IOException {
        List<SocketChannel> channels = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            channels.add(boundUnix(Integer.toString(i)));
        }
        for (int i = 0; i < 300; i++) {
            assertFound(channels.get(i * 7 % 300));
        }
    }

    @Test
    void severalThreadsFindTheirs() throws ExecutionException, IOException, InterruptedException {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                SocketChannel channel = boundUnix(Integer.toString(i));
                all.add(threads.submit(() -> {
                    for (int round = 0; round < 50; round++) {
                        assertFound(channel);
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
    }

    /** As when several of them ask for the credentials of one stream. */
    @Test
    void severalThreadsFindTheSameOne() throws ExecutionException, IOException, InterruptedException {
        SocketChannel channel = boundUnix("shared");
        int before = channel.getOption(StandardSocketOptions.SO_RCVBUF);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                all.add(threads.submit(() -> {
                    for (int round = 0; round < 200; round++) {
                        assertFound(channel);
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        assertEquals(before, channel.getOption(StandardSocketOptions.SO_RCVBUF));
    }

    @Test
    void theReceiveBufferIsAsItWas() throws IOException {
        SocketChannel channel = boundUnix("buffer");
        int before = channel.getOption(StandardSocketOptions.SO_RCVBUF);
        assertFound(channel);
        assertEquals(before, channel.getOption(StandardSocketOptions.SO_RCVBUF));
    }

    @Test
    void aClosedChannelHasNone() throws IOException {
        SocketChannel channel = boundUnix("closed");
        channel.close();
        assertThrows(IOException.class, () -> Descriptors.of(channel));
        Files.delete(folder.resolve("closed"));
    }
}
