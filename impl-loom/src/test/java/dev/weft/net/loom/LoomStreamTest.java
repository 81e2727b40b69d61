// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.ReadyState;
import dev.weft.net.StreamOptions;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Races between what a stream tells and what it is asked. */
@ExtendWith(LeakCheck.class)
class LoomStreamTest {
    private final FakeTransport transport = new FakeTransport();
    private final LoomStream stream = new LoomStream(StreamOptions.defaults());

    @AfterEach
    void destroy() {
        stream.destroy();
    }

    @Test
    void closedIsNotDoneBeforeTheCloseListenersHaveReturned() throws Exception {
        CountDownLatch inListener = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        stream.onClose(hadError -> {
            inListener.countDown();
            Await.until("the listener may return", go);
        });
        stream.accepted(transport);
        stream.destroy();
        Await.until("close is told", inListener);
        CompletableFuture<Void> closed = stream.closed();
        try {
            assertFalse(closed.isDone(), "asked for while the listener runs");
        } finally {
            go.countDown();
        }
        Await.value("closed() completes", closed);
        assertTrue(stream.closed().isDone(), "asked for afterwards");
    }

    @Test
    void connectedIsDoneBeforeTheConnectListenersRun() throws Exception {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        CompletableFuture<?> connected = stream.connected();
        stream.onConnect(
                () -> done.complete(connected.isDone() && stream.connected().isDone()));
        stream.accepted(transport);
        assertTrue(Await.value("connect is told", done));
    }

    @Test
    void closeListenerMayConnectAgain() throws Exception {
        CompletableFuture<ReadyState> again = new CompletableFuture<>();
        stream.onClose(hadError -> {
            if (!again.isDone()) {
                stream.connect(1, "127.0.0.1");
                again.complete(stream.readyState());
            }
        });
        stream.onError(error -> {});
        stream.accepted(transport);
        stream.destroy();
        assertEquals(ReadyState.OPENING, Await.value("it connects again", again));
    }

    @Test
    void destroyOfAStreamThatWasNeverConnectedTellsCloseOnce() {
        Journal journal = Journal.of(stream);
        stream.destroy();
        stream.destroy();
        stream.close();
        journal.awaitClosed("close(false)");
        assertTrue(stream.closed().isDone());
    }

    @Test
    void setSecureBeforeConnectIsForTheNextConnectionAndOnlyOnce() {
        assertThrows(IllegalStateException.class, stream::verifyPeer, "it is not to be secured");
        stream.setSecure();
        assertTrue(assertThrows(IllegalStateException.class, () -> stream.setSecure())
                .getMessage()
                .endsWith("is to be secured already"));
        assertFalse(stream.verifyPeer(), "there is no connection yet, and so nothing is known");
        assertNull(stream.getPeerCertificate());
        assertNull(stream.secureSession());
    }
}
