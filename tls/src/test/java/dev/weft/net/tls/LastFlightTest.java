// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.Credentials;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;

/** The last flight of a handshake is ours, and what comes after it. */
class LastFlightTest {
    private static final long LIMIT_SECONDS = 10;

    private final AtomicReference<TlsTransport> flushesAtOnce = new AtomicReference<>();

    /** What it wants flushed is, at once, when there is one in {@link #flushesAtOnce}. */
    private TlsTransport transport(ScriptedTransport plain, SSLEngine engine) {
        return new TlsTransport(
                plain, engine, (TlsCredentials) Credentials.builder().build(), this::flush);
    }

    private void flush() {
        TlsTransport transport = flushesAtOnce.get();
        try {
            assertTrue(transport == null || transport.flush());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static <T> Future<T> start(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofVirtual().start(task);
        return task;
    }

    /** Or it would wait for bytes of a peer that waits for ours. */
    @Test
    void readerDoesNotReadOnWhenTheWriterHasMadeIt() throws ExecutionException, InterruptedException, TimeoutException {
        LateEngine engine = new LateEngine();
        TlsTransport transport = transport(
                new ScriptedTransport() {
                    @Override
                    public int read(ByteBuffer target) {
                        throw new AssertionError("nothing more will come before the program's bytes have gone");
                    }
                },
                engine);
        Future<Boolean> flushed = start(transport::flush);
        assertTrue(engine.made.await(LIMIT_SECONDS, TimeUnit.SECONDS));
        Future<Integer> read = start(() -> transport.read(ByteBuffer.allocate(100)));
        assertEquals(0, read.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        assertTrue(transport.isHandshakeDone());
        assertTrue(flushed.get(LIMIT_SECONDS, TimeUnit.SECONDS));
    }

    /** It has made the last flight, but does not say so before the reader comes to it. */
    private static final class LateEngine extends ScriptedEngine {
        final CountDownLatch made = new CountDownLatch(1);
        private final CountDownLatch asked = new CountDownLatch(1);

        @Override
        public SSLEngineResult wrap(ByteBuffer[] sources, int offset, int length, ByteBuffer target) {
            status = HandshakeStatus.NOT_HANDSHAKING;
            made.countDown();
            try {
                assertTrue(asked.await(LIMIT_SECONDS, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            return record(target, HandshakeStatus.FINISHED);
        }

        @Override
        public SSLEngineResult unwrap(ByteBuffer source, ByteBuffer[] targets, int offset, int length) {
            asked.countDown();
            return super.unwrap(source, targets, offset, length);
        }
    }

    /** The kernel tells one call of a reset, and an end to those that follow; a ticket may have been that one. */
    @Test
    void aResetOfWhichATicketWasToldIsNoCut() throws IOException {
        IOException reset = new IOException("Connection reset by peer");
        assertSame(reset, assertThrows(IOException.class, readAfterTicket(reset)::call));
    }

    /** That is what a write is told after the end of a peer that has gone: so that came first, and without close_notify. */
    @Test
    void anEndAfterWhichATicketCannotBeSentIsACut() throws IOException {
        SSLException cut = assertThrows(SSLException.class, readAfterTicket(new IOException("Broken pipe"))::call);
        assertTrue(cut.getMessage().contains("close_notify"), cut::getMessage);
    }

    /** After the handshake the engine wants to send a ticket, which fails, and then the end is read. */
    private Callable<Integer> readAfterTicket(IOException whatItIsTold) throws IOException {
        TicketEngine engine = new TicketEngine();
        TlsTransport transport = transport(
                new ScriptedTransport() {
                    @Override
                    public int write(ByteBuffer source) throws IOException {
                        if (engine.tickets > 0) {
                            throw whatItIsTold;
                        }
                        return super.write(source);
                    }

                    @Override
                    public int read(ByteBuffer target) {
                        assertEquals(1, engine.tickets);
                        return -1;
                    }
                },
                engine);
        assertTrue(transport.flush());
        assertEquals(0, transport.read(ByteBuffer.allocate(100)));
        assertFalse(transport.verifyPeer());
        transport.confirm();
        engine.status = HandshakeStatus.NEED_WRAP;
        flushesAtOnce.set(transport);
        return () -> transport.read(ByteBuffer.allocate(100));
    }

    private static final class TicketEngine extends ScriptedEngine {
        int tickets = -1;

        @Override
        public SSLEngineResult wrap(ByteBuffer[] sources, int offset, int length, ByteBuffer target) {
            tickets++;
            status = HandshakeStatus.NOT_HANDSHAKING;
            return record(target, tickets == 0 ? HandshakeStatus.FINISHED : status);
        }

        @Override
        public SSLEngineResult unwrap(ByteBuffer source, ByteBuffer[] targets, int offset, int length) {
            return status == HandshakeStatus.NEED_WRAP
                    ? new SSLEngineResult(Status.OK, status, 0, 0)
                    : super.unwrap(source, targets, offset, length);
        }
    }
}
