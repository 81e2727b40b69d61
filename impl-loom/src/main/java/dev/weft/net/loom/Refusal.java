// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Turns a client away so that it sees an end, and no reset: closing with unread bytes would make the kernel send RST. So it
 * sends FIN, reads and drops what the client sends until the client ends too, and closes then. That is bounded in time,
 * bytes and number, since a server refuses when it has too much to do.
 */
final class Refusal implements Runnable {
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int LINGER_BYTES = 64 << 10;
    private static final int MOST_AT_ONCE = 256;

    private static final AtomicInteger UNDER_WAY = new AtomicInteger();

    private final Transport transport;

    private Refusal(Transport transport) {
        this.transport = transport;
    }

    static void refuse(Transport transport) {
        try {
            transport.shutdownOutput();
        } catch (IOException e) {
            Log.debug("refusing", e);
        }
        if (UNDER_WAY.incrementAndGet() > MOST_AT_ONCE) {
            UNDER_WAY.decrementAndGet();
            transport.close();
        } else {
            Threads.start(Threads.LINGER, new Refusal(transport));
        }
    }

    @Override
    public void run() {
        Future<?> deadline = Threads.later(LINGER_NANOS, () -> Threads.start(Threads.LINGER, transport::close));
        try {
            ByteBuffer waste = ByteBuffer.allocate(512);
            for (int bytes = 0; bytes < LINGER_BYTES; ) {
                int n = transport.read(waste.clear()); // parks
                if (n < 0) {
                    break;
                }
                bytes += n;
            }
        } catch (IOException e) {
            Log.debug("refusing", e);
        } finally {
            deadline.cancel(false);
            transport.close();
            UNDER_WAY.decrementAndGet();
        }
    }
}
