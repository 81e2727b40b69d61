// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import dev.weft.net.Credentials;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** A process that does a little of everything there is when told, so that someone can watch its threads. */
final class PinningRun {
    private static final StreamOptions HALF_OPEN = StreamOptions.defaults().allowHalfOpen(true);

    private PinningRun() {}

    /**
     * Waits for what it is told.
     *
     * @param args the files of a server's key, of its certificates, and of whom its clients trust
     */
    public static void main(String[] args) throws IOException {
        Credentials server = Credentials.builder()
                .key(Path.of(args[0]))
                .cert(Path.of(args[1]))
                .build();
        Credentials client = Credentials.builder().ca(Path.of(args[2])).build();
        new Commands()
                .on("run", rounds -> {
                    for (int i = Integer.parseInt(rounds); i > 0; i--) {
                        run(server, client);
                    }
                    Commands.say("ran");
                })
                .on("pin", none -> {
                    Wait.end("the pinned thread", Thread.startVirtualThread(() -> Commands.say(Pin.WORD)));
                })
                .run();
    }

    /** Parks while its initializer, called by native code, is on the stack: pinned on any JDK. */
    private static final class Pin {
        static final String WORD = word();

        private static String word() {
            LockSupport.parkNanos(50_000_000);
            return "pinned";
        }
    }

    private static void run(Credentials ofServer, Credentials ofClient) {
        try (Server server = Net.createServer(ServerOptions.defaults().stream(HALF_OPEN), PinningRun::serve)) {
            int port = Pair.port(server.listen(0, "127.0.0.1"));
            echo(port);
            bulk(port);
            blockingFace(port);
            timeouts(port);
            closeRaces(port);
        }
        try (Server server = Net.createServer(ServerOptions.defaults().stream(HALF_OPEN), stream -> {
            stream.setSecure(ofServer);
            serve(stream);
        })) {
            secured(Pair.port(server.listen(0, "127.0.0.1")), ofClient);
        }
        failures();
    }

    private static void serve(Stream stream) {
        AtomicInteger chunks = new AtomicInteger();
        stream.onError(error -> {});
        stream.onEnd(stream::end);
        stream.onData(data -> {
            if (!stream.write(data) && chunks.incrementAndGet() % 2 == 0) {
                stream.pause();
            }
        });
        stream.onDrain(stream::resume);
    }

    /** Hundreds of messages, on some connections at once. */
    private static void echo(int port) {
        int messages = 30;
        CountDownLatch done = new CountDownLatch(20);
        for (long i = done.getCount(); i > 0; i--) {
            Stream stream = Net.createStream();
            AtomicInteger echoed = new AtomicInteger();
            stream.onData(data -> {
                if (echoed.incrementAndGet() < messages) {
                    stream.write(data);
                } else {
                    stream.end();
                }
            });
            stream.onClose(hadError -> done.countDown());
            stream.connect(port, "localhost");
            stream.write("message");
        }
        Wait.latch("all echo connections have closed", done);
    }

    /** Handshakes, messages and bulk over TLS, with events and on the blocking face; some are cut in the middle. */
    private static void secured(int port, Credentials credentials) {
        CountDownLatch done = new CountDownLatch(12);
        for (long i = done.getCount(); i > 0; i--) {
            Stream stream = Net.createStream();
            AtomicInteger left = new AtomicInteger(300_000);
            stream.onData(data -> {
                if (left.addAndGet(-data.remaining()) <= 0) {
                    stream.end();
                }
            });
            stream.onError(error -> {});
            stream.onClose(hadError -> done.countDown());
            stream.connect(port, "localhost").setSecure(credentials);
            stream.write(new byte[300_000]);
            if (i % 4 == 0) {
                Thread.startVirtualThread(stream::destroy);
            }
        }
        Wait.latch("all secured connections have closed", done);
        Stream pulled = Net.createStream();
        pulled.connect(port, "localhost").setSecure(credentials);
        CompletableFuture<Integer> read = new CompletableFuture<>();
        Thread.startVirtualThread(() -> {
            try {
                pulled.outputStream().write(new byte[1000]);
                read.complete(pulled.inputStream().readNBytes(1000).length);
            } catch (IOException e) {
                read.completeExceptionally(e);
            }
        });
        int unused = Wait.result("the answer on the blocking face", read);
        pulled.close();
        Wait.result("close", pulled.closed());
    }

    /** More than the kernel takes at once, there and back, from a listener's thread and from a foreign one. */
    private static void bulk(int port) {
        long size = 4 << 20;
        List<Recorder> recorders = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Stream stream = Net.createStream(HALF_OPEN);
            Recorder recorder = Recorder.of(stream);
            recorders.add(recorder);
            if (i == 0) {
                stream.onConnect(() -> Sender.start(stream, size, 1, 64 << 10));
                stream.connect(port);
            } else {
                Wait.result("connect", stream.connect(port).connected());
                Sender.start(stream, size, 2, 64 << 10);
            }
        }
        recorders.forEach(Recorder::awaitClose);
    }

    private static void blockingFace(int port) {
        Stream stream = Net.createStream(HALF_OPEN);
        CompletableFuture<Long> read = new CompletableFuture<>();
        stream.onConnect(stream::inputStream);
        Wait.result("connect", stream.connect(port).connected());
        Thread.startVirtualThread(() -> {
            try (OutputStream output = stream.outputStream()) {
                for (int i = 0; i < 100; i++) {
                    output.write(new byte[20_000]);
                }
            } catch (IOException e) {
                read.completeExceptionally(e);
            }
        });
        Thread.startVirtualThread(() -> {
            try (InputStream input = stream.inputStream()) {
                read.complete(input.transferTo(OutputStream.nullOutputStream()));
            } catch (IOException e) {
                read.completeExceptionally(e);
            }
        });
        long unused = Wait.result("everything is read", read);
        Wait.result("close", stream.closed());
    }

    private static void timeouts(int port) {
        CountDownLatch done = new CountDownLatch(20);
        for (long i = done.getCount(); i > 0; i--) {
            Stream stream = Net.createStream();
            stream.onTimeout(stream::destroy);
            stream.onClose(hadError -> done.countDown());
            stream.setTimeout(5).connect(port);
        }
        Wait.latch("all have timed out", done);
    }

    private static void closeRaces(int port) {
        CountDownLatch done = new CountDownLatch(100);
        for (long i = done.getCount(); i > 0; i--) {
            Stream stream = Net.createStream();
            stream.onData(data -> stream.end());
            stream.onError(error -> {});
            stream.onClose(hadError -> done.countDown());
            Runnable[] endings = {stream::destroy, stream::reset, stream::close, stream::end};
            stream.connect(port);
            stream.write(new byte[100_000]);
            Thread.startVirtualThread(endings[(int) (i % endings.length)]);
            Thread.startVirtualThread(stream::end);
        }
        Wait.latch("all racing connections have closed", done);
    }

    /** No one listens there, and no such name. */
    private static void failures() {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        CountDownLatch done = new CountDownLatch(20);
        for (long i = done.getCount(); i > 0; i--) {
            Stream stream = Net.createStream();
            stream.onError(error -> {});
            stream.onClose(hadError -> done.countDown());
            stream.connect(port, i == 1 ? "no-such-name.invalid" : "127.0.0.1");
        }
        Wait.latch("all failing connections have closed", done);
    }
}
