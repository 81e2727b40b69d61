// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import dev.weft.net.Listener;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** A process with servers, one for each kind of load and for each of those that must not starve beside it. */
final class FairServer {
    /** After so long without anything the clock ticks. */
    static final int TIMEOUT_MILLIS = 100;

    static final int CHUNK = 64 << 10;

    private FairServer() {}

    public static void main(String[] args) throws IOException {
        AtomicReference<Stream> quiet = new AtomicReference<>();
        // sends back what it is sent
        listen(
                "echo",
                stream -> stream.onData(data -> {
                    work(50);
                    stream.write(data);
                }));
        // takes all
        listen("sink", stream -> stream.onData(data -> work(500)));
        // sends without end
        listen("source", stream -> {
            stream.onConnect(() -> pour(stream));
            stream.onDrain(() -> pour(stream));
        });
        // sends a byte after each timeout
        listen("clock", stream -> {
            stream.onTimeout(() -> stream.write("t"));
            stream.setTimeout(TIMEOUT_MILLIS);
        });
        // sends a byte when a platform thread says so
        listen("quiet", stream -> {
            quiet.set(stream);
            Commands.say("heard");
        });
        new Commands().on("write", none -> quiet.get().write("w")).run();
    }

    private static void listen(String name, Listener<Stream> listener) {
        Server server = Net.createServer(stream -> {
            // peers go away at the end
            stream.onError(error -> {});
            listener.handle(stream);
        });
        Commands.say(name + " " + Pair.port(server.listen(0, "127.0.0.1")));
    }

    /** Keeps the processor busy, so that also on a busy machine there is always something to read next. */
    private static void work(long micros) {
        long start = System.nanoTime();
        while (System.nanoTime() - start < TimeUnit.MICROSECONDS.toNanos(micros)) {
            Thread.onSpinWait();
        }
    }

    private static void pour(Stream stream) {
        while (stream.write(new byte[CHUNK])) {
            // as long as the kernel takes it
        }
    }
}
