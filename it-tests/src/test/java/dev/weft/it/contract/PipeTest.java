// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.weft.it.support.Await;
import dev.weft.it.support.ContractTest;
import dev.weft.it.support.Events;
import dev.weft.it.support.OnOneChannel;
import dev.weft.it.support.Payload;
import dev.weft.it.support.Peer;
import dev.weft.it.support.Wire.Accepted;
import dev.weft.it.support.Wire.Connected;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** {@code pipe}: one stream passed on to another. */
@OnOneChannel
class PipeTest extends ContractTest {
    private static final int MUCH = 6 << 20;

    @Test
    void streamPipedToItselfIsAnEcho() throws IOException {
        byte[] payload = Payload.bytes(1, MUCH);
        Server server = wire.listening(stream -> assertSame(stream, stream.pipe(stream)));
        Peer peer = wire.dial(server);
        CompletableFuture<Boolean> sender = Await.start(() -> {
            peer.send(payload).finish();
            return true;
        });
        assertEquals(Payload.summary(payload), Payload.summary(peer.readToEnd()));
        Await.value("the peer has sent", sender);
    }

    /** A server whose streams are piped both ways to a peer that is yet to be connected to. */
    private Server proxy(Supplier<Stream> backend) {
        return wire.listening(options -> options.allowHalfOpen(true), stream -> {
            Stream other = backend.get();
            stream.pipe(other).pipe(stream);
        });
    }

    @Test
    void proxyOfTwoLinesPassesBothWaysAtOnceAndEndsEachForItself() throws IOException {
        byte[] payload = Payload.bytes(2, MUCH);
        Server echo = wire.listening(options -> options.allowHalfOpen(true), stream -> stream.pipe(stream));
        Server proxy = proxy(() -> wire.connect(wire.stream(options -> options.allowHalfOpen(true)), echo));
        Peer peer = wire.dial(proxy);
        CompletableFuture<Boolean> sender = Await.start(() -> {
            peer.send(payload).finish();
            return true;
        });
        assertEquals(Payload.summary(payload), Payload.summary(peer.readToEnd()));
        Await.value("the peer has sent", sender);
    }

    @Test
    void slowDestinationHoldsUpThePeerOfTheSource() throws IOException {
        byte[] payload = Payload.bytes(3, 3 * MUCH);
        Connected source = wire.connected();
        Connected sink = wire.connected(options -> options, 4096);
        source.stream().pipe(sink.stream());
        CompletableFuture<Boolean> sender = Await.start(() -> {
            source.peer().send(payload).finish();
            return true;
        });
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        got.writeBytes(sink.peer().read(1000));
        assertEquals(0, sink.stream().bufferedBytes(), "nothing waits in memory");
        got.writeBytes(sink.peer().readToEnd());
        assertEquals(Payload.summary(payload), Payload.summary(got.toByteArray()));
        Await.value("the peer has sent", sender);
        sink.peer().close();
        source.events().assertClosedAfter("connect", "end", "close(false)");
        sink.events().awaitClose();
    }

    /** The reader may just have read something, and lend it, when the pipe's thread begins to pull. */
    @Test
    void pipeThatBeginsWhileBytesArriveLosesNone() throws IOException {
        byte[] payload = Payload.bytes(4, 300_000);
        for (int i = 0; i < 20; i++) {
            Connected source = wire.connected();
            Connected sink = wire.connected();
            CompletableFuture<Boolean> sender = Await.start(() -> {
                source.peer().send(payload).finish();
                return true;
            });
            source.stream().pipe(sink.stream());
            byte[] got = sink.peer().readToEnd();
            // what came before the pipe was there was told as data
            int before = payload.length - got.length;
            assertEquals(
                    Payload.summary(Arrays.copyOfRange(payload, before, payload.length)),
                    Payload.summary(got),
                    "round " + i);
            assertEquals(before, source.events().size(), "round " + i);
            Await.value("the peer has sent", sender);
            sink.peer().close();
            sink.events().awaitClose();
        }
    }

    @Test
    void whatHasArrivedBeforeIsPassedOnFirst() throws IOException {
        Connected source = wire.connected();
        Connected sink = wire.connected();
        source.stream().pause();
        source.peer().send("before ");
        wire.settle();
        source.stream().pipe(sink.stream());
        source.peer().send("after").finish();
        assertEquals("before after", sink.peer().readTextToEnd());
        sink.peer().close();
        sink.events().awaitClose();
    }

    @Test
    void othersMayWriteToTheDestinationInBetween() throws IOException {
        Connected source = wire.connected();
        Connected sink = wire.connected();
        sink.stream().write("one ");
        source.stream().pipe(sink.stream());
        source.peer().send("two ");
        assertEquals("one two ", sink.peer().readText(8));
        sink.stream().write("three");
        assertEquals("three", sink.peer().readText(5));
        source.peer().finish();
        assertEquals("", sink.peer().readTextToEnd());
        sink.peer().close();
        sink.events().awaitClose();
    }

    @Test
    void sourceThatFailsDestroysTheDestinationWithTheReason() throws IOException {
        Accepted source = wire.accepted();
        Connected sink = wire.connected();
        source.stream().pipe(sink.stream());
        if (wire.hasReset()) {
            source.peer().reset();
        } else {
            source.stream().destroy(new IOException("cut"));
        }
        source.events().awaitClose();
        sink.events().assertClosedAfter("connect", "error", "close(true)");
    }

    @Test
    void destroyedSourceDestroysTheDestinationWhichIsNotComplete() throws IOException {
        Connected source = wire.connected();
        Connected sink = wire.connected();
        source.stream().pipe(sink.stream());
        source.peer().send("x");
        assertEquals("x", sink.peer().readText(1));
        source.stream().destroy();
        source.events().awaitClose();
        sink.events().assertClosedAfter("connect", "error", "close(true)");
    }

    @Test
    void destinationThatIsDestroyedDestroysASourceThatSaysNothing() throws IOException {
        Connected source = wire.connected();
        Connected sink = wire.connected();
        source.stream().pipe(sink.stream());
        sink.stream().destroy();
        sink.events().awaitClose();
        source.events().assertClosedAfter("connect", "error", "close(true)");
    }

    @Test
    void refusedPipeLeavesTheSourceAsItIs() throws IOException {
        Connected source = wire.connected();
        assertThrows(IllegalStateException.class, () -> source.stream().pipe(wire.stream()));
        source.peer().send("still told");
        source.events().awaitText("still told");
        source.stream().destroy();
        source.events().awaitClose();
    }

    @Test
    void destinationThatCannotBeConnectedToDestroysTheSource() throws IOException {
        Connected source = wire.connected();
        Stream nowhere = wire.stream();
        Events events = Events.of(scope, nowhere);
        wire.connect(nowhere, wire.nowhere());
        source.stream().pipe(nowhere);
        events.assertClosedAfter("error", "close(true)");
        source.events().assertClosedAfter("connect", "error", "close(true)");
    }

    @Test
    void streamThatWasNeverConnectedIsRefused() throws IOException {
        Connected source = wire.connected();
        assertThrows(IllegalStateException.class, () -> source.stream().pipe(wire.stream()));
        assertThrows(IllegalStateException.class, () -> wire.stream().pipe(source.stream()));
    }
}
