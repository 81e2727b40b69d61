// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.weft.net.Credentials;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** TLS over a wire that is cut into pieces, down to single bytes, or merged into large ones. */
class FaultyWireTest {
    private static final Credentials SERVER = Credentials.builder()
            .key(TestPki.SERVER.getPrivateKeyPEM())
            .cert(TestPki.SERVER.getCertificatePEM())
            .build();

    private static byte[] payload(long seed, int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    private static void echo(String path, String protocol, int length) {
        Server server = Net.createServer(stream -> {
            stream.setSecure(SERVER);
            stream.onData(stream::write);
        });
        server.listen(path);
        Object bound = server.bound().orTimeout(10, TimeUnit.SECONDS).join();
        assertEquals(server.address(), bound);
        Stream client = Net.createStream();
        AtomicReference<Throwable> error = new AtomicReference<>();
        ByteArrayOutputStream echoed = new ByteArrayOutputStream();
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        byte[] much = payload(3, length);
        client.onError(error::set);
        client.onData(bytes -> {
            byte[] chunk = new byte[bytes.remaining()];
            bytes.get(chunk);
            echoed.writeBytes(chunk);
        });
        client.onClose(closed::complete);
        client.connect(path)
                .setSecure(Credentials.builder()
                        .ca(TestPki.CA.getCertificatePEM())
                        .serverName("localhost")
                        .protocols(protocol)
                        .build());
        try {
            // In several writes of odd sizes, so that records of all sizes come.
            SplittableRandom sizes = new SplittableRandom(length);
            for (int i = 0; i < length; ) {
                int n = Math.min(length - i, 1 + sizes.nextInt(1 + length / 3));
                client.write(ByteBuffer.wrap(much, i, n));
                i += n;
            }
            if (protocol.equals("TLSv1.3")) {
                client.end();
            } else {
                // There the server could not answer any more after that.
                client.onData(bytes -> {
                    if (echoed.size() == length) {
                        client.end();
                    }
                });
            }
            boolean hadError = closed.orTimeout(30, TimeUnit.SECONDS).join();
            assertNull(error.get(), () -> path + ": " + error.get());
            assertEquals(false, hadError, path);
            assertArrayEquals(much, echoed.toByteArray(), path);
        } finally {
            client.destroy();
            server.close();
            server.closed().orTimeout(10, TimeUnit.SECONDS).join();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "/cut/1/1, 3000",
        "/cut/1/2, 100",
        "/cut/3/3, 10000",
        "/cut/17/4, 40000",
        "/cut/300/5, 300000",
        "/cut/6000/6, 1000000",
        "/cut/100000/7, 3000000",
        "/collect/100000/8, 1000000",
        "/collect/100000/9, 100",
        "/collect/500/10, 100000",
        "/collect/1/11, 1000"
    })
    void everyByteArrivesHoweverTheWireIsCutOrMerged(String path, int length) {
        echo(path, "TLSv1.3", length);
    }

    @ParameterizedTest
    @CsvSource({"/cut/1/21, 1000", "/cut/100/22, 50000", "/collect/100000/23, 300000"})
    void theSameBeforeTls13(String path, int length) {
        echo(path, "TLSv1.2", length);
    }
}
