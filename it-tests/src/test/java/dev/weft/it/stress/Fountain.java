// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** A process with a server that sends to everyone, without end, as fast as each takes it. */
final class Fountain {
    static final int CHUNK = 64 << 10;

    private static final List<Stream> STREAMS = new CopyOnWriteArrayList<>();
    private static final AtomicLong MOST_QUEUED = new AtomicLong();

    private Fountain() {}

    public static void main(String[] args) throws IOException {
        Server server = Net.createServer(Fountain::welcome).listen(0, "127.0.0.1");
        Commands.say("listening " + Pair.port(server));
        new Commands()
                .on("await", count -> {
                    Wait.until(count + " connections", () -> server.connections() == Integer.parseInt(count));
                    Commands.say("connected");
                })
                .on("queued", none -> Commands.say("queued " + MOST_QUEUED.get()))
                .on("destroy", none -> {
                    server.close();
                    STREAMS.forEach(Stream::destroy);
                    Wait.result("close of the server", server.closed());
                    Commands.say("closed");
                })
                .run();
    }

    private static void welcome(Stream stream) {
        STREAMS.add(stream);
        stream.onConnect(() -> pour(stream));
        stream.onDrain(() -> pour(stream));
    }

    private static void pour(Stream stream) {
        boolean flushed;
        do {
            flushed = stream.write(new byte[CHUNK]);
            MOST_QUEUED.accumulateAndGet(stream.bufferedBytes(), Math::max);
        } while (flushed);
    }
}
