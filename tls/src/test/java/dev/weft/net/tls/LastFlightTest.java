// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.Credentials;
import dev.weft.net.spi.Transport;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.security.NoSuchAlgorithmException;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLSession;
import org.junit.jupiter.api.Test;

/** The side that sends last has the handshake behind it before the writer could say so. */
class LastFlightTest {
    private static final long LIMIT_SECONDS = 10;

    private final LastFlightEngine engine = new LastFlightEngine();
    private final TlsTransport transport = new TlsTransport(
            new SilentTransport(),
            engine,
            (TlsCredentials) Credentials.builder().build(),
            () -> {});

    /** Or it would wait for bytes of a peer that waits for ours. */
    @Test
    void readerDoesNotReadOnWhenTheWriterHasMadeTheLastFlight()
            throws ExecutionException, InterruptedException, TimeoutException {
        Future<Boolean> flushed = start(transport::flush);
        assertTrue(engine.made.await(LIMIT_SECONDS, TimeUnit.SECONDS));
        Future<Integer> read = start(() -> transport.read(ByteBuffer.allocate(100)));
        assertEquals(0, read.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        assertTrue(transport.isHandshakeDone());
        assertTrue(flushed.get(LIMIT_SECONDS, TimeUnit.SECONDS));
    }

    private static <T> Future<T> start(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofVirtual().start(task);
        return task;
    }

    /** In a handshake of which one flight is left, to be sent; wrapping that takes until the reader has come to the engine. */
    private static final class LastFlightEngine extends SSLEngine {
        final CountDownLatch made = new CountDownLatch(1);
        private final CountDownLatch asked = new CountDownLatch(1);
        private final SSLEngine idle = idle();
        private volatile HandshakeStatus status = HandshakeStatus.NEED_WRAP;

        private static SSLEngine idle() {
            try {
                return SSLContext.getDefault().createSSLEngine();
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public SSLEngineResult wrap(ByteBuffer[] sources, int offset, int length, ByteBuffer target) {
            status = HandshakeStatus.NOT_HANDSHAKING;
            made.countDown();
            try {
                assertTrue(asked.await(LIMIT_SECONDS, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            target.put((byte) 1);
            return new SSLEngineResult(Status.OK, HandshakeStatus.FINISHED, 0, 1);
        }

        @Override
        public SSLEngineResult unwrap(ByteBuffer source, ByteBuffer[] targets, int offset, int length) {
            asked.countDown();
            return new SSLEngineResult(Status.BUFFER_UNDERFLOW, status, 0, 0);
        }

        @Override
        public HandshakeStatus getHandshakeStatus() {
            return status;
        }

        @Override
        public String getApplicationProtocol() {
            return "";
        }

        @Override
        public SSLSession getSession() {
            return idle.getSession();
        }

        @Override
        public Runnable getDelegatedTask() {
            return null;
        }

        @Override
        public void closeInbound() {}

        @Override
        public boolean isInboundDone() {
            return false;
        }

        @Override
        public void closeOutbound() {}

        @Override
        public boolean isOutboundDone() {
            return false;
        }

        @Override
        public String[] getSupportedCipherSuites() {
            return idle.getSupportedCipherSuites();
        }

        @Override
        public String[] getEnabledCipherSuites() {
            return idle.getEnabledCipherSuites();
        }

        @Override
        public void setEnabledCipherSuites(String[] suites) {}

        @Override
        public String[] getSupportedProtocols() {
            return idle.getSupportedProtocols();
        }

        @Override
        public String[] getEnabledProtocols() {
            return idle.getEnabledProtocols();
        }

        @Override
        public void setEnabledProtocols(String[] protocols) {}

        @Override
        public void beginHandshake() {}

        @Override
        public void setUseClientMode(boolean mode) {}

        @Override
        public boolean getUseClientMode() {
            return true;
        }

        @Override
        public void setNeedClientAuth(boolean need) {}

        @Override
        public boolean getNeedClientAuth() {
            return false;
        }

        @Override
        public void setWantClientAuth(boolean want) {}

        @Override
        public boolean getWantClientAuth() {
            return false;
        }

        @Override
        public void setEnableSessionCreation(boolean flag) {}

        @Override
        public boolean getEnableSessionCreation() {
            return true;
        }
    }

    /** Takes everything, and must not be read from. */
    private static final class SilentTransport implements Transport {
        @Override
        public int read(ByteBuffer target) {
            throw new AssertionError("nothing more will come before the program's bytes have gone");
        }

        @Override
        public int write(ByteBuffer source) {
            int n = source.remaining();
            source.position(source.limit());
            return n;
        }

        @Override
        public long write(ByteBuffer[] sources, int count) {
            throw new AssertionError("records are written one at a time");
        }

        @Override
        public void configureBlocking(boolean block) {}

        @Override
        public void shutdownOutput() {}

        @Override
        public String protocol() {
            return "silent";
        }

        @Override
        public void connect(SocketAddress remote) {}

        @Override
        public SocketAddress localAddress() {
            return null;
        }

        @Override
        public SocketAddress remoteAddress() {
            return null;
        }

        @Override
        public <T> boolean setOption(SocketOption<T> option, T value) {
            return false;
        }

        @Override
        public void close() {}

        @Override
        public void reset() {}
    }
}
