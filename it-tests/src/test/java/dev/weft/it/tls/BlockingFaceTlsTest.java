// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.Events;
import dev.weft.it.support.Tls;
import dev.weft.net.Listener;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The blocking face of a secured stream, used in its own listeners: the reader thread waits for them. */
class BlockingFaceTlsTest extends TlsTest {
    @Test
    void connectListenerThatSecuresAndWritesGoesOnWithTheHandshakeItself() {
        Server server = tls.echo(SERVER);
        Events client = tls.stream();
        Stream stream = client.stream();
        stream.onConnect(() -> {
            stream.setSecure(CLIENT);
            stream.outputStream().write('x');
        });
        stream.connect(Tls.port(server), "localhost");
        client.awaitText("x");
        stream.end();
        client.assertClosedAfter("connect", "secure", "data", "end", "close(false)");
        tls.accepted().awaitClose();
    }

    @Test
    void secureListenerThatWritesIsToldThatNothingPassesYet() {
        assertRefused(stream -> stream.outputStream().write('x'));
    }

    @Test
    void secureListenerThatReadsIsToldThatNothingPassesYet() {
        assertRefused(stream -> assertTrue(stream.inputStream().read() >= 0));
    }

    private void assertRefused(Listener<Stream> use) {
        Server server = tls.echo(SERVER);
        Events client = tls.stream();
        Stream stream = client.stream();
        stream.onConnect(() -> stream.setSecure(CLIENT));
        stream.onSecure(() -> use.handle(stream));
        stream.connect(Tls.port(server), "localhost");
        client.awaitClose();
        Throwable error = assertInstanceOf(IllegalStateException.class, client.error(), client::toString);
        assertTrue(String.valueOf(error.getMessage()).contains("secure listeners have returned"), client::toString);
        tls.accepted().awaitClose();
    }

    @Test
    void threadOfItsOwnMayReadAndWriteFromTheSecureListenerOn() {
        Server server = tls.echo(SERVER);
        Events client = tls.stream();
        Stream stream = client.stream();
        CompletableFuture<Integer> read = new CompletableFuture<>();
        stream.onSecure(() -> Thread.startVirtualThread(() -> {
            try {
                InputStream in = stream.inputStream(); // or the answer would be told as data
                stream.outputStream().write('y');
                read.complete(in.read());
            } catch (IOException e) {
                read.completeExceptionally(e);
            }
        }));
        stream.connect(Tls.port(server), "localhost");
        stream.setSecure(CLIENT);
        assertEquals('y', Await.value("it has come back", read));
        stream.close();
        client.awaitClose();
        tls.accepted().awaitClose();
    }
}
