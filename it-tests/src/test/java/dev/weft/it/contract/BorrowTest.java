// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.weft.it.support.Await;
import dev.weft.it.support.ContractTest;
import dev.weft.it.support.Events;
import dev.weft.it.support.OnOneChannel;
import dev.weft.it.support.Payload;
import dev.weft.it.support.Peer;
import dev.weft.it.support.PeerListener;
import dev.weft.it.support.Wire.Connected;
import dev.weft.net.Encoding;
import dev.weft.net.Event;
import dev.weft.net.Registration;
import dev.weft.net.Stream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** {@code onRead}: bytes in a buffer that is lent. */
@OnOneChannel
class BorrowTest extends ContractTest {
    private static final int MUCH = 6 << 20;

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static String text(ByteBuffer buffer) {
        return StandardCharsets.UTF_8.decode(buffer).toString();
    }

    @Test
    void whatIsReadIsWhatWasSent() throws IOException {
        byte[] payload = Payload.bytes(1, MUCH);
        Connected connected = wire.connected();
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        connected.stream().onRead(lent -> read.writeBytes(bytes(lent)));
        CompletableFuture<Boolean> sender = Await.start(() -> {
            connected.peer().send(payload).finish();
            return true;
        });
        Await.value("the peer has sent", sender);
        connected.events().awaitClose();
        assertEquals(Payload.summary(payload), Payload.summary(read.toByteArray()));
        assertEquals(
                Payload.summary(payload), Payload.summary(connected.events().bytes()));
    }

    @Test
    void borrowersComeFirstAndSeeAllOfIt() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        stream.setEncoding(Encoding.UTF8);
        List<String> order = new CopyOnWriteArrayList<>();
        stream.onText(text -> order.add("text " + text));
        stream.onData(data -> order.add("data " + text(data)));
        stream.onRead(lent -> order.add("read " + text(lent)));
        stream.onRead(lent -> order.add("read again " + text(lent)));
        Events events = Events.withoutData(scope, stream);
        wire.connect(stream, listener);
        Peer peer = listener.accept();
        events.await("connect");
        peer.send("abc").finish();
        events.awaitClose();
        assertEquals(List.of("read abc", "read again abc", "data abc", "text abc"), order);
    }

    @Test
    void whatIsWrittenOfALentBufferArrivesHoweverSlowThePeerIs() throws IOException {
        byte[] payload = Payload.bytes(2, MUCH);
        Connected source = wire.connected();
        Connected sink = wire.connected(options -> options.maxQueuedBytes(2L * MUCH), 4096);
        source.stream().onRead(lent -> {
            // in two parts, so that a part of it is what waits
            ByteBuffer second = lent.duplicate().position(lent.position() + lent.remaining() / 2);
            sink.stream().write(lent.limit(second.position()));
            sink.stream().write(second);
        });
        CompletableFuture<Boolean> sender = Await.start(() -> {
            source.peer().send(payload).finish();
            return true;
        });
        Await.value("the peer has sent", sender);
        source.events().awaitClose();
        sink.stream().end();
        assertEquals(Payload.summary(payload), Payload.summary(sink.peer().readToEnd()));
        sink.peer().close();
        sink.events().awaitClose();
    }

    @Test
    void whatArrivesBeforeAPauseIsReadAfterIt() throws IOException {
        byte[] payload = Payload.bytes(3, MUCH);
        Connected connected = wire.connected();
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        AtomicInteger pauses = new AtomicInteger();
        connected.stream().onRead(lent -> {
            read.writeBytes(bytes(lent));
            if (pauses.incrementAndGet() % 7 == 0) {
                connected.stream().pause();
                Thread.ofVirtual().start(connected.stream()::resume);
            }
        });
        CompletableFuture<Boolean> sender = Await.start(() -> {
            connected.peer().send(payload).finish();
            return true;
        });
        Await.value("the peer has sent", sender);
        connected.events().awaitClose();
        assertEquals(Payload.summary(payload), Payload.summary(read.toByteArray()));
    }

    @Test
    void aRemovedBorrowerBorrowsNoMore() throws IOException {
        Connected connected = wire.connected();
        List<String> read = new ArrayList<>();
        Registration registration = connected.stream().onRead(lent -> read.add(text(lent)));
        connected.stream().once(Event.READ, lent -> read.add("once " + text(lent)));
        connected.peer().send("one");
        connected.events().awaitText("one");
        registration.remove();
        connected.peer().send("two");
        connected.events().awaitText("onetwo");
        connected.peer().finish();
        connected.events().awaitClose();
        assertEquals(List.of("one", "once one"), read);
    }

    @Test
    void aBorrowerThatThrowsEndsItsStream() throws IOException {
        Connected connected = wire.connected();
        connected.stream().onRead(lent -> {
            throw new IOException("no use for it");
        });
        connected.peer().send("x");
        connected.events().assertClosedAfter("connect", "error", "close(true)");
    }
}
