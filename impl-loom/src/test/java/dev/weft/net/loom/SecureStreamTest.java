// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.Credentials;
import dev.weft.net.NetException;
import dev.weft.net.ReadyState;
import dev.weft.net.ServerOptions;
import dev.weft.net.StreamOptions;
import dev.weft.net.loom.FakeTransport.Gate;
import dev.weft.net.spi.Transport;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@link LoomStream#setSecure} with a security layer that is no TLS, between two streams over a pipe that is tapped: what the
 * SPI asks of a layer, and what the engine owes it.
 */
@ExtendWith(LeakCheck.class)
class SecureStreamTest {
    private static final SocketAddress SERVER = Names.address(443, "192.0.2.1");

    private final PipeTransport[] pipe = PipeTransport.pair(300);
    private final StreamOptions options = StreamOptions.defaults();
    private final LoomStream client = new LoomStream(options);
    private final LoomStream server = new LoomStream(options);
    private final Journal atClient = Journal.of(client);
    private final Journal atServer = Journal.of(server);

    @AfterEach
    void destroy() {
        client.destroy();
        server.destroy();
    }

    private static ToyCredentials credentials() {
        return new ToyCredentials();
    }

    /** Connects both; what has to happen in listeners is laid out before. */
    private void open() {
        open(new CheckedTransport(pipe[0]), new CheckedTransport(pipe[1]));
    }

    private void open(Transport clientEnd, Transport serverEnd) {
        pipe[0].tap();
        pipe[1].tap();
        server.accepted(serverEnd);
        connect(client, clientEnd);
    }

    private void connect(LoomStream stream, Transport end) {
        Hooks.connect(stream, Hooks.dialer(SERVER, new FakeProvider().at(SERVER, end)), options);
    }

    /** Both begin with the handshake. */
    private void secureFromTheFirstByte() {
        server.onConnect(() -> server.setSecure(credentials()));
        client.onConnect(() -> client.setSecure(credentials()));
    }

    private void openSecured() {
        secureFromTheFirstByte();
        open();
        atClient.awaitEvent("secure");
        atServer.awaitEvent("secure");
    }

    private void awaitReaderParked(LoomStream stream) {
        Connection connection = Hooks.connection(stream);
        Await.until("the reader is parked", () -> connection.wasOpened() && Hooks.isParkedInRead(connection.reader()));
    }

    private String sentByClient() {
        return new String(pipe[0].tapped(), ISO_8859_1);
    }

    private String sentByServer() {
        return new String(pipe[1].tapped(), ISO_8859_1);
    }

    /** The types of the records that begin somewhere in what was sent. */
    private static List<Integer> records(byte[] sent, int from) {
        List<Integer> types = new ArrayList<>();
        for (int i = from; i < sent.length; ) {
            types.add((int) sent[i]);
            i += 3 + (((sent[i + 1] & 0xff) << 8) | (sent[i + 2] & 0xff));
        }
        return types;
    }

    private void awaitBothClosed() {
        Await.until(
                "both are closed",
                () -> client.closed().isDone() && server.closed().isDone());
    }

    // -- From the first byte. --

    @Test
    void securedStreamsTalkAndNothingIsPlainOnTheWire() {
        secureFromTheFirstByte();
        client.onConnect(() -> assertFalse(client.write("attack at dawn")));
        server.onData(server::write);
        open();
        atClient.awaitText("attack at dawn");
        client.end();
        awaitBothClosed();
        assertEquals(1, atClient.count("drain"), "it may be told after the answer has come");
        assertEquals(
                List.of("connect", "secure", "data", "end", "close(false)"),
                atClient.events().stream()
                        .filter(event -> !event.equals("drain"))
                        .toList());
        atServer.awaitClosedBy("connect", "secure", "data", "end", "close(false)");
        assertFalse(sentByClient().contains("dawn"), sentByClient());
        assertFalse(sentByServer().contains("dawn"), sentByServer());
        assertEquals(
                List.of(1, 3, 4, 5),
                records(pipe[0].tapped(), 0),
                "HELLO, FINISHED, DATA, BYE: what was written waits for the handshake");
        assertEquals(List.of(2, 4, 5), records(pipe[1].tapped(), 0));
    }

    @Test
    void handshakeIsWrittenOnTheReadersThread() {
        server.onConnect(() -> server.setSecure(credentials()));
        client.onConnect(() -> client.setSecure(credentials()));
        server.accepted(new CheckedTransport(pipe[1]));
        connect(client, new CheckedTransport(pipe[0]));
        atClient.awaitEvent("secure");
        atServer.awaitEvent("secure");
        assertFalse(Hooks.hasWriter(client), "nobody else was woken up for the client's part");
        assertFalse(Hooks.hasWriter(server), "nor for the server's");
    }

    @Test
    void whatTheTransportUnderneathCanDoBesidesIsStillToBeHad() {
        server.onConnect(() -> server.setSecure(credentials()));
        client.onConnect(() -> client.setSecure(credentials()));
        server.accepted(pipe[1]);
        connect(client, pipe[0]);
        atClient.awaitEvent("secure");
        assertEquals(Optional.of("a pipe"), client.feature(CharSequence.class));
        atServer.awaitEvent("secure");
        assertEquals(Optional.of("a pipe"), server.feature(CharSequence.class));
        client.destroy();
    }

    @Test
    void setSecureBeforeTheConnectionIsThereTakesEffectFromTheFirstByte() {
        server.onConnect(() -> server.setSecure(credentials()));
        FakeProvider provider = new FakeProvider().at(SERVER, new CheckedTransport(pipe[0]));
        Gate opening = provider.holdOpen();
        pipe[0].tap();
        pipe[1].tap();
        server.accepted(new CheckedTransport(pipe[1]));
        Hooks.connect(client, Hooks.dialer(SERVER, provider), options);
        opening.awaitReached("connecting");
        client.setSecure(credentials());
        assertFalse(client.write("secret"));
        assertEquals(ReadyState.OPENING, client.readyState());
        opening.open();
        atServer.awaitText("secret");
        assertFalse(sentByClient().contains("secret"));
        client.end();
        atClient.awaitClosed("connect", "secure", "drain", "end", "close(false)");
    }

    @Test
    void whatIsWrittenBeforeSetSecureAndBeforeTheConnectionGoesOutInPlainText() {
        FakeProvider provider = new FakeProvider().at(SERVER, new CheckedTransport(pipe[0]));
        Gate opening = provider.holdOpen();
        pipe[0].tap();
        pipe[1].tap();
        server.onData(bytes -> {
            if (server.bytesRead() == "plain".length()) {
                server.setSecure(credentials());
            }
        });
        server.accepted(new CheckedTransport(pipe[1]));
        Hooks.connect(client, Hooks.dialer(SERVER, provider), options);
        opening.awaitReached("connecting");
        assertFalse(client.write("plain"));
        client.setSecure(credentials());
        assertFalse(client.write("secret"));
        opening.open();
        Await.until("the server has it", () -> sentByClient().startsWith("plain"));
        assertFalse(sentByClient().contains("secret"));
        // Whether the first records come with the plain text is up to chance here; STARTTLS has its own tests below.
        client.destroy();
        server.destroy();
        awaitBothClosed();
    }

    @Test
    void writesAfterSecureGoOutOnTheSpot() throws Exception {
        openSecured();
        CompletableFuture<Boolean> written = new CompletableFuture<>();
        client.onData(bytes -> written.complete(client.write("answer")));
        server.write("question");
        assertTrue(Await.value("the client answers", written), "in a turn, and the pipe has room");
        atServer.awaitText("answer");
    }

    @Test
    void writesInTheSecureListenerWaitUntilItHasReturned() {
        secureFromTheFirstByte();
        CountDownLatch written = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        client.onSecure(() -> {
            client.write("too early");
            written.countDown();
            Await.until("the listener may return", go);
        });
        open();
        Await.until("secure is told", written);
        atServer.awaitEvent("secure");
        assertEquals(List.of(1, 3), records(pipe[0].tapped(), 0));
        assertEquals(0, atServer.size());
        go.countDown();
        atServer.awaitText("too early");
        atClient.awaitEvent("drain");
    }

    @Test
    void nameThatWasConnectedToIsGivenToTheLayer() throws Exception {
        SocketAddress name = InetSocketAddress.createUnresolved("localhost", 443);
        SocketAddress resolved = Names.address(443, "127.0.0.1");
        secureFromTheFirstByte();
        server.accepted(new CheckedTransport(pipe[1]));
        Hooks.connect(
                client, Hooks.dialer(name, new FakeProvider().at(resolved, new CheckedTransport(pipe[0]))), options);
        atClient.awaitEvent("secure");
        assertEquals("localhost", ToySecurity.CLIENT.get().peerName());
        assertEquals(null, ToySecurity.SERVER.get().peerName());
    }

    @Test
    void bulkGoesBothWaysThroughTheLayer() throws Exception {
        secureFromTheFirstByte();
        byte[] much = new byte[200_000];
        new SplittableRandom(1).nextBytes(much);
        client.onSecure(() -> client.write(much));
        server.onSecure(() -> server.write(much));
        open();
        Await.until("all is there", () -> atClient.size() == much.length && atServer.size() == much.length);
        assertArrayEquals(much, atClient.bytes());
        assertArrayEquals(much, atServer.bytes());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void securedStreamsTalkHoweverTheLinkIsCut(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        secureFromTheFirstByte();
        byte[] much = new byte[20_000];
        random.nextBytes(much);
        client.onSecure(() -> client.end(ByteBuffer.wrap(much)));
        server.onData(server::write);
        open(new ChunkingTransport(pipe[0], random, 7), new ChunkingTransport(pipe[1], random, 300));
        awaitBothClosed();
        assertEquals("close(false)", atClient.events().getLast(), () -> atClient.error() + " " + atServer.error());
        assertEquals("close(false)", atServer.events().getLast(), () -> atClient.error() + " " + atServer.error());
        assertArrayEquals(much, atServer.bytes());
        assertArrayEquals(much, atClient.bytes());
    }

    // -- In the middle of a conversation. --

    /** The STARTTLS of SMTP (RFC 3207) and others. */
    private void startTls(Runnable atServerThen, Runnable atClientThen) {
        server.onData(bytes -> {
            if (atServer.text().equals("STARTTLS\n")) {
                assertTrue(server.write("go\n"));
                server.setSecure(credentials());
                atServerThen.run();
            }
        });
        client.onData(bytes -> {
            if (atClient.text().equals("go\n")) {
                client.setSecure(credentials());
                atClientThen.run();
            }
        });
        open();
        client.write("STARTTLS\n");
    }

    @Test
    void conversationIsSecuredInTheMiddle() {
        CompletableFuture<Boolean> early = new CompletableFuture<>();
        startTls(() -> early.complete(server.write("welcome to privacy")), () -> client.write("password"));
        atClient.awaitText("go\nwelcome to privacy");
        atServer.awaitText("STARTTLS\npassword");
        assertEquals(false, early.join(), "it waits for the handshake");
        atServer.awaitEvent("drain");
        client.end();
        awaitBothClosed();
        assertEquals(List.of("connect", "data", "secure"), atServer.events().subList(0, 3));
        assertTrue(sentByServer().startsWith("go\n"));
        assertTrue(sentByClient().startsWith("STARTTLS\n"));
        assertFalse(sentByServer().contains("privacy"));
        assertFalse(sentByClient().contains("password"));
        assertEquals(List.of(2, 4, 5), records(pipe[1].tapped(), 3));
        assertEquals(List.of(1, 3, 4, 5), records(pipe[0].tapped(), 9));
    }

    @Test
    void whatIsQueuedBeforeSetSecureGoesOutInPlainText() throws Exception {
        FakeTransport kernel = new FakeTransport();
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        server.onData(bytes -> {
            server.write("plain, ");
            server.setSecure(credentials());
            server.write("secret");
            done.complete(true);
        });
        server.accepted(kernel.room(2));
        kernel.arrive(".");
        Await.value("the server has answered", done);
        kernel.awaitWriterParked();
        assertEquals("pl", kernel.text());
        kernel.moreRoom(1000);
        kernel.awaitText("plain, ");
        Await.until("the rest waits for the handshake", () -> server.bufferedBytes() == 6);
        kernel.arrive(new byte[] {ToyTransport.HELLO, 0, 1, 1});
        kernel.arrive(new byte[] {ToyTransport.FINISHED, 0, 0});
        atServer.awaitEvent("drain");
        assertEquals(List.of(2, 4), records(kernel.taken(), 7));
        assertFalse(kernel.text().contains("secret"));
        assertEquals(List.of("connect", "data", "secure", "drain"), atServer.events());
    }

    /** The reader is parked in a read of the plain transport when the layer comes: what it gets is the layer's. */
    @Test
    void setSecureFromAnotherThreadTakesWhatTheReaderReads() {
        open();
        awaitReaderParked(server);
        awaitReaderParked(client);
        server.setSecure(credentials());
        assertFalse(server.write("from server"));
        client.setSecure(credentials());
        client.write("from client"); // the handshake may be over by then
        atServer.awaitText("from client");
        atClient.awaitText("from server");
        assertEquals(List.of("connect", "secure"), atClient.events().subList(0, 2));
        assertTrue(ToySecurity.SERVER.get().unreadBytes() > 0, "the HELLO");
        assertTrue(ToySecurity.CLIENT.get().unreadBytes() > 0, "the WELCOME");
    }

    /** Paused, the program can be sure that nothing which comes after its answer is delivered before it has secured. */
    @Test
    void setSecureOfAPausedStreamTakesWhatHasArrivedMeanwhile() {
        open();
        awaitReaderParked(server);
        server.pause();
        client.setSecure(credentials()); // sends HELLO, which the reader still reads
        Await.until("the HELLO is read", () -> server.bytesRead() > 0);
        server.setSecure(credentials());
        server.resume();
        atServer.awaitEvent("secure");
        atClient.awaitEvent("secure");
        assertEquals("", atServer.text(), "the HELLO is the layer's");
    }

    /** The handshake goes on in a paused stream, also if its first bytes were read before. */
    @Test
    void setSecureOfAPausedStreamDoesNotWaitForResume() {
        open();
        awaitReaderParked(server);
        server.pause();
        client.setSecure(credentials());
        Await.until("the HELLO is read", () -> server.bytesRead() > 0);
        server.setSecure(credentials());
        atServer.awaitEvent("secure");
        atClient.awaitEvent("secure");
    }

    /** What has arrived waits for the listener to return: nobody has seen it when the stream is secured. */
    @Test
    void setSecureInADrainListenerTakesWhatHasArrivedMeanwhile() {
        AtomicInteger drains = new AtomicInteger();
        server.onDrain(() -> {
            if (drains.incrementAndGet() == 1) {
                atClient.awaitText("go"); // or it would be the layer's
                client.setSecure(credentials());
                Await.until("the HELLO is read", () -> server.bytesRead() > 0);
                server.setSecure(credentials());
            }
        });
        open();
        awaitReaderParked(server);
        assertFalse(server.write("go"));
        atServer.awaitEvent("secure");
        atClient.awaitEvent("secure");
        assertEquals("", atServer.text(), "the HELLO is the layer's");
    }

    @Test
    void bytesReadBeforeSetSecureWereDeliveredInPlainText() {
        CompletableFuture<Boolean> secured = new CompletableFuture<>();
        server.onData(bytes -> {
            if (!secured.isDone()) {
                server.setSecure(credentials());
                secured.complete(true);
            }
        });
        open();
        client.write("plain");
        atServer.awaitText("plain");
        client.setSecure(credentials());
        client.write("secret");
        atServer.awaitText("plainsecret");
        assertEquals(0, ToySecurity.SERVER.get().unreadBytes());
    }

    // -- The mode of the transport underneath. --

    /**
     * A layer is laid over a transport in a turn, and so, often, over one in non-blocking mode. By the SPI its calls park at
     * first: it has to be told, or the write below parks in the turn that has to read the handshake.
     */
    @Test
    void layerIsToldOfTheModeThatTheTransportIsIn() {
        server.onConnect(() -> server.setSecure(credentials().byTheBook()));
        client.onConnect(() -> {
            client.setSecure(credentials().byTheBook());
            client.write("hello");
        });
        server.onData(server::write);
        open();
        atClient.awaitText("hello");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void setSecureAfterAWriteInTheSameTurnKeepsTheMode(boolean byTheBook) {
        server.onData(bytes -> {
            server.write("plain");
            server.setSecure(byTheBook ? credentials().byTheBook() : credentials());
            server.write("secret");
        });
        FakeTransport kernel = new FakeTransport();
        server.accepted(kernel);
        kernel.arrive(".");
        kernel.awaitReaderParked();
        kernel.arrive(new byte[] {ToyTransport.HELLO, 0, 1, 1});
        kernel.arrive(new byte[] {ToyTransport.FINISHED, 0, 0});
        atServer.awaitEvent("drain");
        assertEquals(List.of(2, 4), records(kernel.taken(), 5));
    }

    /** "configureBlocking only while no thread is in either": the write that is under way is one. */
    @Test
    void layerIsNotToldOfTheModeWhileAnotherThreadIsInAWrite() {
        FakeTransport kernel = new FakeTransport();
        Gate write = kernel.holdNextWrite();
        server.onData(bytes -> {
            Thread.ofVirtual().start(() -> server.write("plain"));
            write.awaitReached("the other thread's write");
            server.setSecure(credentials().byTheBook());
            server.write("secret");
            write.open();
        });
        server.accepted(kernel);
        kernel.arrive(".");
        Await.until("the plain text is sent", () -> kernel.text().startsWith("plain"));
        kernel.arrive(new byte[] {ToyTransport.HELLO, 0, 1, 1});
        kernel.arrive(new byte[] {ToyTransport.FINISHED, 0, 0});
        atServer.awaitEvent("drain");
        assertEquals(List.of(2, 4), records(kernel.taken(), 5));
    }

    @Test
    void layerIsNotToldOfTheModeWhileTheReaderIsInARead() {
        FakeTransport kernel = new FakeTransport();
        Gate read = kernel.holdNextTryRead();
        server.accepted(kernel);
        kernel.arrive("x".repeat(500)); // more than the small buffer, so the rest is read without parking
        read.awaitReached("the read that does not park");
        server.setSecure(credentials().byTheBook());
        read.open();
    }

    // -- Not trusted, not possible. --

    @Test
    void failureToConfirmEndsTheStreamAndNoByteOfTheProgramPasses() {
        IOException untrusted = new IOException("nobody looked at the certificate");
        server.onConnect(() -> server.setSecure(credentials()));
        server.onSecure(() -> server.write("from server"));
        client.onConnect(() -> {
            client.setSecure(credentials().failsToConfirm(untrusted));
            client.write("from client");
        });
        open();
        atClient.awaitClosed("connect", "secure", "error", "close(true)");
        NetException error = assertInstanceOf(NetException.class, atClient.error());
        assertSame(untrusted, error.getCause());
        assertTrue(
                error.getMessage().startsWith("secure pipe ")
                        && error.getMessage().endsWith(": nobody looked at the certificate"),
                error.getMessage());
        Await.until("the server is closed", () -> server.closed().isDone());
        assertEquals("", atClient.text());
        assertEquals("", atServer.text());
        assertFalse(records(pipe[0].tapped(), 0).contains((int) ToyTransport.DATA));
    }

    /** A layer may have bugs, as everything may; the stream must not hang for it. */
    @Test
    void uncheckedExceptionOfConfirmEndsTheStreamToo() {
        server.onConnect(() -> server.setSecure(credentials()));
        client.onConnect(
                () -> client.setSecure(credentials().failsToConfirm(new IllegalStateException("bug in the layer"))));
        open();
        atClient.awaitClosed("connect", "secure", "error", "close(true)");
    }

    @Test
    void layerThatCannotBeMadeIsThrownBySetSecure() {
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        client.onConnect(() -> {
            try {
                client.setSecure(credentials().unusable());
                thrown.complete(null);
            } catch (IllegalArgumentException e) {
                thrown.complete(e);
            }
        });
        open();
        assertEquals("unusable credentials", thrown.join().getMessage());
    }

    @Test
    void setSecureThatHasThrownMayBeTriedAgain() {
        server.onConnect(() -> server.setSecure(credentials()));
        CompletableFuture<Boolean> tried = new CompletableFuture<>();
        client.onConnect(() -> {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> client.setSecure(credentials().unusable()));
            client.setSecure(credentials());
            tried.complete(true);
        });
        open();
        atClient.awaitEvent("secure");
        assertTrue(tried.join());
    }

    /** In the connection listener of a server, for instance: the program may go on in plain text. */
    @Test
    void setSecureThatHasThrownLeavesThePlainStream() throws Exception {
        LoomServer acceptor = new LoomServer(ServerOptions.defaults());
        acceptor.onConnection(stream -> {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> stream.setSecure(credentials().unusable()));
            stream.write("plain");
            stream.onData(stream::write);
        });
        acceptor.listen(0, "127.0.0.1");
        InetSocketAddress address = (InetSocketAddress) Await.value("it listens", acceptor.bound());
        client.connect(address.getPort(), "127.0.0.1");
        atClient.awaitText("plain");
        client.write(" and on");
        atClient.awaitText("plain and on");
        client.destroy();
        acceptor.close();
        Await.value("the server is closed", acceptor.closed());
    }

    /** Here nobody is left to throw it to. */
    @Test
    void layerThatCannotBeMadeWhenTheConnectionIsThereIsAnError() {
        FakeProvider provider = new FakeProvider().at(SERVER, new CheckedTransport(pipe[0]));
        Gate opening = provider.holdOpen();
        Hooks.connect(client, Hooks.dialer(SERVER, provider), options);
        opening.awaitReached("connecting");
        client.setSecure(credentials().unusable());
        opening.open();
        atClient.awaitClosed("error", "close(true)");
    }

    enum Refuser {
        CLIENT,
        SERVER
    }

    @ParameterizedTest
    @EnumSource
    void failedHandshakeIsAnErrorOnBothSides(Refuser refuser) {
        server.onConnect(
                () -> server.setSecure(refuser == Refuser.SERVER ? credentials().refusesPeer() : credentials()));
        client.onConnect(() -> {
            client.setSecure(refuser == Refuser.CLIENT ? credentials().refusesPeer() : credentials());
            client.write("never sent");
        });
        open();
        atClient.awaitClosed("connect", "error", "close(true)");
        atServer.awaitClosed("connect", "error", "close(true)");
        Journal refusing = refuser == Refuser.CLIENT ? atClient : atServer;
        NetException error = assertInstanceOf(NetException.class, refusing.error());
        assertTrue(error.getMessage().startsWith("secure pipe "), error::getMessage);
        assertTrue(error.getMessage().endsWith("refused by our credentials"), error::getMessage);
        assertEquals("", atServer.text());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void peerThatEndsDuringTheHandshakeIsAnError(boolean withAWriterParked) {
        client.onConnect(() -> {
            client.setSecure(credentials());
            if (withAWriterParked) {
                client.write("never sent");
            }
        });
        open();
        Await.until("the HELLO is sent", () -> sentByClient().length() == 4);
        server.end();
        atClient.awaitClosed("connect", "error", "close(true)");
        NetException error = assertInstanceOf(NetException.class, atClient.error());
        assertInstanceOf(EOFException.class, error.getCause());
        assertTrue(error.getMessage().startsWith("secure pipe "), error::getMessage);
    }

    @Test
    void peerThatResetsDuringTheHandshakeIsAnError() {
        client.onConnect(() -> client.setSecure(credentials()));
        open();
        Await.until("the HELLO is sent", () -> sentByClient().length() == 4);
        server.reset();
        atClient.awaitClosed("connect", "error", "close(true)");
        assertEquals(
                NetException.Code.CONNECTION_RESET,
                assertInstanceOf(NetException.class, atClient.error()).code());
    }

    @Test
    void peerThatEndsWithoutAFarewellIsAnError() {
        openSecured();
        client.write("x");
        atServer.awaitText("x");
        pipe[0].close(); // under the layer's feet
        Await.until("the server is closed", () -> server.closed().isDone());
        assertEquals("close(true)", atServer.events().getLast());
    }

    @Test
    void plainTextInsteadOfAHandshakeIsAnError() {
        server.onConnect(() -> server.setSecure(credentials()));
        open();
        client.write("GET / HTTP/1.0\r\n\r\n" + "x".repeat(20_000));
        atServer.awaitClosed("connect", "error", "close(true)");
        assertEquals("", atServer.text());
    }

    // -- Flow. --

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void pauseDuringTheHandshakeHoldsBackDataAndNotTheHandshake(boolean fromTheStart) {
        server.onConnect(() -> {
            if (fromTheStart) {
                server.pause();
            }
            server.setSecure(credentials());
            server.pause();
        });
        client.onConnect(() -> client.setSecure(credentials()));
        client.onSecure(() -> client.end("data"));
        open();
        atServer.awaitEvent("secure");
        atClient.awaitEvent("drain");
        assertEquals(List.of("connect", "secure"), atServer.events());
        server.resume();
        atServer.awaitText("data");
        awaitBothClosed();
        assertEquals(List.of("connect", "secure", "data", "end", "close(false)"), atServer.events());
    }

    @Test
    void pausedStreamPushesBackThroughTheLayer() {
        openSecured();
        server.pause();
        byte[] much = new byte[20_000];
        assertFalse(client.write(much));
        Await.until("the pipe is full", () -> !client.closed().isDone() && client.bufferedBytes() > 0);
        server.resume();
        Await.until("all is there", () -> atServer.size() == much.length);
        atClient.awaitEvent("drain");
    }

    @Test
    void userExecutorTellsSecureInItsPlace() throws Exception {
        LoomStream other =
                new LoomStream(options.dispatcher(task -> Thread.ofVirtual().start(task)));
        Journal journal = Journal.of(other);
        other.onConnect(() -> {
            other.setSecure(credentials());
            other.write("hello");
        });
        server.onConnect(() -> server.setSecure(credentials()));
        server.onData(server::write);
        server.accepted(new CheckedTransport(pipe[1]));
        connect(other, new CheckedTransport(pipe[0]));
        journal.awaitText("hello");
        other.end();
        journal.awaitClosedBy("data", "end", "close(false)");
        assertEquals(List.of("connect", "secure"), journal.events().subList(0, 2));
    }

    // -- The end. --

    @Test
    void endSaysFarewellBeforeFin() {
        openSecured();
        client.end("last");
        atServer.awaitClosed("connect", "secure", "data", "end", "close(false)");
        atClient.awaitClosedBy("end", "close(false)");
        assertEquals(List.of(1, 3, 4, 5), records(pipe[0].tapped(), 0));
        assertEquals(List.of(2, 5), records(pipe[1].tapped(), 0));
        assertTrue(ToySecurity.CLIENT.get().log().contains("finishOutput"));
        assertTrue(pipe[0].isEnded());
    }

    @Test
    void endWhileThePeerDoesNotReadSaysFarewellAfterEverything() {
        openSecured();
        server.pause();
        byte[] much = new byte[5000];
        client.write(much);
        client.end();
        assertEquals(ReadyState.READ_ONLY, client.readyState());
        server.resume();
        awaitBothClosed();
        assertEquals(much.length, atServer.size());
        assertEquals("close(false)", atServer.events().getLast());
        assertEquals("close(false)", atClient.events().getLast());
    }

    /** FIN must not overtake what was written, and that waits for the handshake. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void endDuringTheHandshakeWaitsForIt(boolean withData) {
        server.onConnect(() -> server.setSecure(credentials()));
        client.onConnect(() -> {
            client.setSecure(credentials());
            if (withData) {
                client.write("data");
            }
            client.end();
        });
        open();
        awaitBothClosed();
        assertEquals(withData ? "data" : "", atServer.text());
        assertEquals("close(false)", atServer.events().getLast());
        assertEquals("close(false)", atClient.events().getLast());
        assertEquals(1, atClient.count("secure"));
        assertEquals(1, atServer.count("secure"));
    }

    @Test
    void closeDuringTheHandshakeSendsWhatIsQueued() {
        server.onConnect(() -> server.setSecure(credentials()));
        client.onConnect(() -> {
            client.setSecure(credentials());
            client.write("data");
            client.close();
        });
        open();
        awaitBothClosed();
        assertEquals("data", atServer.text());
        assertEquals(1, atServer.count("end"));
        assertEquals("close(false)", atClient.events().getLast());
        // The server's farewell may find that nobody reads any more.
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void destroyDuringTheHandshakeWakesUpEveryone(boolean reset) {
        client.onConnect(() -> {
            client.setSecure(credentials());
            client.write("never sent");
        });
        open();
        Await.until(
                "a writer is parked in the layer",
                () -> ToySecurity.CLIENT.get() != null
                        && ToySecurity.CLIENT.get().isWriterParked());
        awaitReaderParked(client);
        if (reset) {
            client.reset();
        } else {
            client.destroy();
        }
        atClient.awaitClosed("connect", "close(false)");
        Await.until("the server is closed", () -> server.closed().isDone());
    }

    @Test
    void destroyInTheSecureListenerEndsItThere() {
        server.onConnect(() -> server.setSecure(credentials()));
        client.onConnect(() -> {
            client.setSecure(credentials());
            client.write("never sent");
        });
        client.onSecure(client::destroy);
        open();
        atClient.awaitClosed("connect", "secure", "close(false)");
        Await.until("the server is closed", () -> server.closed().isDone());
        assertEquals("", atServer.text());
    }

    @Test
    void secureListenerThatThrowsEndsTheStreamWithThat() {
        IllegalStateException thrown = new IllegalStateException("thrown");
        server.onConnect(() -> server.setSecure(credentials()));
        client.onConnect(() -> {
            client.setSecure(credentials());
            client.write("never sent");
        });
        client.onSecure(() -> {
            throw thrown;
        });
        open();
        atClient.awaitClosed("connect", "secure", "error", "close(true)");
        assertSame(thrown, atClient.error());
        Await.until("the server is closed", () -> server.closed().isDone());
        assertEquals("", atServer.text());
    }

    // -- What is asked at the wrong time. --

    @Test
    void setSecureTwiceThrows() throws Exception {
        CompletableFuture<String> message = new CompletableFuture<>();
        client.onConnect(() -> {
            client.setSecure(credentials());
            message.complete(assertThrows(IllegalStateException.class, () -> client.setSecure(credentials()))
                    .getMessage());
        });
        open();
        assertTrue(Await.value("setSecure throws", message).endsWith("is secured already"));
    }

    @Test
    void setSecureOfAStreamThatWeHaveEndedThrows() throws Exception {
        CompletableFuture<String> message = new CompletableFuture<>();
        client.onConnect(() -> {
            client.end();
            message.complete(assertThrows(IllegalStateException.class, () -> client.setSecure(credentials()))
                    .getMessage());
        });
        open();
        assertTrue(Await.value("setSecure throws", message).endsWith("is not open"));
    }

    @Test
    void askingForThePeerBeforeSetSecureThrows() {
        open();
        assertThrows(IllegalStateException.class, client::verifyPeer);
        assertThrows(IllegalStateException.class, client::getPeerCertificate);
    }

    @Test
    void peerCanBeVerifiedInTheSecureListener() throws Exception {
        CompletableFuture<Boolean> verified = new CompletableFuture<>();
        client.onSecure(() -> verified.complete(client.verifyPeer()));
        openSecured();
        assertTrue(Await.value("secure is told", verified));
        assertEquals(null, client.getPeerCertificate());
    }

    @Test
    void credentialsAreMadeByTheInstalledProvider() {
        assertInstanceOf(ToyCredentials.class, Credentials.builder().build());
        client.onConnect(() -> client.setSecure());
        server.onConnect(() -> server.setSecure());
        open();
        atClient.awaitEvent("secure");
    }

    @Test
    void emptyWriteAfterSetSecureIsTrueOrDrainFollows() throws Exception {
        server.onConnect(() -> server.setSecure(credentials()));
        FakeProvider provider = new FakeProvider().at(SERVER, new CheckedTransport(pipe[0]));
        Gate opening = provider.holdOpen();
        server.accepted(new CheckedTransport(pipe[1]));
        Hooks.connect(client, Hooks.dialer(SERVER, provider), options);
        opening.awaitReached("connecting");
        client.setSecure(credentials());
        boolean taken = client.write("");
        opening.open();
        atClient.awaitEvent("secure");
        if (!taken) {
            atClient.awaitEvent("drain");
        }
    }

    // -- The blocking face. --

    /** A thread-per-connection server over TLS: the handshake happens inside the reads and writes. */
    @Test
    void blockingFaceWorksOnAStreamThatIsBeingSecured() throws Exception {
        CompletableFuture<Long> echoed = new CompletableFuture<>();
        server.onConnect(() -> {
            server.setSecure(credentials());
            InputStream in = server.inputStream();
            OutputStream out = server.outputStream();
            try {
                echoed.complete(in.transferTo(out));
            } catch (IOException e) {
                echoed.completeExceptionally(e);
            }
        });
        client.onConnect(() -> client.setSecure(credentials()));
        client.onSecure(() -> client.end("hello"));
        open();
        atClient.awaitText("hello");
        assertEquals(5, Await.value("all is echoed", echoed));
        assertEquals(1, atServer.count("secure"));
    }

    @Test
    void blockingReadNeverReturnsZero() throws Exception {
        CompletableFuture<InputStream> in = new CompletableFuture<>();
        server.onConnect(() -> {
            server.setSecure(credentials());
            in.complete(server.inputStream());
        });
        client.onConnect(() -> {
            client.setSecure(credentials());
            client.write("hello");
        });
        open();
        CompletableFuture<Integer> read = Await.start(() -> in.get().read(new byte[10]));
        assertEquals(5, Await.value("a read returns", read));
    }

    @Test
    void blockingFaceWorksAfterSecure() throws Exception {
        openSecured();
        InputStream in = server.inputStream();
        OutputStream out = server.outputStream();
        client.write("question");
        assertEquals(
                "question", Await.value("it is read", Await.start(() -> new String(in.readNBytes(8), ISO_8859_1))));
        out.write("answer".getBytes(ISO_8859_1));
        atClient.awaitText("answer");
    }

    /** Whoever waits for the connection must not read before the layer is there which was asked for: it would lose the WELCOME. */
    @Test
    void blockingReadThatWaitsForTheConnectionWaitsForTheLayerToo() throws Exception {
        server.onConnect(() -> server.setSecure(credentials()));
        server.onSecure(() -> server.write("hello"));
        FakeProvider provider = new FakeProvider().at(SERVER, new CheckedTransport(pipe[0]));
        Gate opening = provider.holdOpen();
        server.accepted(new CheckedTransport(pipe[1]));
        Hooks.connect(client, Hooks.dialer(SERVER, provider), options);
        opening.awaitReached("connecting");
        ToyCredentials slow = new ToyCredentials();
        Gate making = slow.holdMaking();
        client.setSecure(slow);
        InputStream in = client.inputStream();
        CompletableFuture<Thread> reading = new CompletableFuture<>();
        CompletableFuture<String> read = Await.start(() -> {
            reading.complete(Thread.currentThread());
            return new String(in.readNBytes(5), ISO_8859_1);
        });
        opening.open();
        making.awaitReached("the layer is being made");
        Await.parked("who reads", Await.value("it reads", reading));
        making.open();
        assertEquals("hello", Await.value("it is read", read));
        assertEquals(List.of("connect", "secure"), atClient.events());
    }

    /** A thread is parked in a read of the plain transport when the layer comes: what it gets is the layer's. */
    @Test
    void setSecureTakesWhatAThreadOnTheBlockingFaceReads() throws Exception {
        open();
        awaitReaderParked(server);
        awaitReaderParked(client);
        InputStream in = server.inputStream();
        client.write("plain");
        assertEquals("plain", Await.value("it is read", Await.start(() -> new String(in.readNBytes(5), ISO_8859_1))));
        CompletableFuture<Thread> reading = new CompletableFuture<>();
        CompletableFuture<String> read = Await.start(() -> {
            reading.complete(Thread.currentThread());
            return new String(in.readNBytes(6), ISO_8859_1);
        });
        Await.parked("who reads", Await.value("it reads", reading));
        server.setSecure(credentials());
        CompletableFuture<Boolean> written = Await.start(() -> {
            server.outputStream().write("answer".getBytes(ISO_8859_1));
            return true;
        });
        client.setSecure(credentials());
        client.write("secret");
        assertEquals("secret", Await.value("it is read", read));
        assertTrue(Await.value("it is written", written));
        atClient.awaitText("answer");
        assertTrue(ToySecurity.SERVER.get().unreadBytes() > 0, "the HELLO");
        assertEquals(List.of("connect", "secure"), atServer.events());
    }

    @Test
    void setSecureTakesTheEndThatAThreadOnTheBlockingFaceReads() throws Exception {
        open();
        awaitReaderParked(client);
        InputStream in = server.inputStream();
        client.write("plain");
        CompletableFuture<byte[]> read = Await.start(in::readAllBytes);
        Await.until("plain text is read", () -> server.bytesRead() == 5);
        server.setSecure(credentials());
        pipe[0].shutdownOutput();
        NetException error = assertThrows(NetException.class, () -> Await.value("it is read", read));
        assertTrue(error.getMessage().contains("during the handshake"), error::getMessage);
    }

    /** The reader thread has gone before the stream is secured: who writes goes on with the handshake, and has it told. */
    @Test
    void blockingWriteGoesOnWithTheHandshakeWhereNobodyReads() throws Exception {
        open();
        atServer.awaitEvent("connect");
        InputStream in = server.inputStream();
        client.write("plain");
        assertEquals("plain", Await.value("it is read", Await.start(() -> new String(in.readNBytes(5), ISO_8859_1))));
        server.setSecure(credentials());
        CompletableFuture<Boolean> written = Await.start(() -> {
            server.outputStream().write("secret".getBytes(ISO_8859_1));
            return true;
        });
        client.setSecure(credentials());
        assertTrue(Await.value("it is written", written));
        atClient.awaitText("secret");
        assertEquals(List.of("connect", "secure"), atServer.events());
    }

    /** The same while a listener does it that another thread waits for, which waits for the listener. */
    @Test
    void readersOfTheBlockingFaceInAndOutsideOfAListenerDoNotWaitForEachOther() throws Exception {
        CompletableFuture<String> inListener = new CompletableFuture<>();
        CompletableFuture<String> outside = new CompletableFuture<>();
        CountDownLatch secured = new CountDownLatch(1);
        server.onTimeout(() -> {
            server.setTimeout(0);
            Await.until("the stream is secured", secured);
            byte[] one = {(byte) server.inputStream().read()};
            inListener.complete(text(one) + Await.value("the other reads", outside));
        });
        open();
        atServer.awaitEvent("connect");
        InputStream in = server.inputStream();
        client.write("plain");
        assertEquals("plain", Await.value("it is read", Await.start(() -> new String(in.readNBytes(5), ISO_8859_1))));
        server.setSecure(credentials());
        CompletableFuture<Boolean> other = Await.start(() -> outside.complete(text(new byte[] {(byte) in.read()})));
        server.setTimeout(1);
        secured.countDown();
        client.setSecure(credentials());
        client.write("ab");
        String both = Await.value("both have read", inListener);
        assertTrue(Await.value("the other has read", other));
        assertTrue(both.equals("ab") || both.equals("ba"), both);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, ISO_8859_1);
    }

    /** The reader has secure to tell, and waits for the listener that waits for the handshake. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void blockingFaceInATimeoutListenerDuringTheHandshakeTellsSecureItself(boolean writes) throws Exception {
        CompletableFuture<Thread> waiting = new CompletableFuture<>();
        client.onConnect(() -> client.setSecure(credentials()));
        client.onTimeout(() -> {
            client.setTimeout(0);
            waiting.complete(Thread.currentThread());
            if (writes) {
                client.outputStream().write("from the listener".getBytes(ISO_8859_1));
            } else {
                client.write(text(new byte[] {(byte) client.inputStream().read()}) + "rom the listener");
            }
        });
        server.onConnect(server::pause); // or it would read the HELLO as plain text
        open();
        awaitReaderParked(client);
        client.setTimeout(1);
        Await.parked("the listener", Await.value("timeout", waiting));
        server.setSecure(credentials());
        server.write("f");
        server.resume();
        atServer.awaitText("from the listener");
        assertEquals(1, atClient.count("secure"));
    }

    @Test
    void blockingWriteInADrainListenerDuringTheHandshakeTellsSecureItself() {
        FakeTransport kernel = new FakeTransport();
        AtomicInteger drains = new AtomicInteger();
        server.onDrain(() -> {
            if (drains.getAndIncrement() == 0) {
                server.outputStream().write("from the listener".getBytes(ISO_8859_1));
            }
        });
        server.accepted(kernel);
        kernel.awaitReaderParked();
        kernel.room(2);
        assertFalse(server.write("plain"));
        server.setSecure(credentials());
        kernel.moreRoom(1000);
        kernel.arrive(new byte[] {ToyTransport.HELLO, 0, 1, 1});
        kernel.arrive(new byte[] {ToyTransport.FINISHED, 0, 0});
        Await.until("it is written", () -> records(kernel.taken(), 5).contains((int) ToyTransport.DATA));
        assertEquals(1, atServer.count("secure"));
    }

    @Test
    void blockingFaceInAListenerBeforeTheConnectionIsToldThatItWouldWaitForItself() throws Exception {
        FakeProvider provider = new FakeProvider().at(SERVER, new CheckedTransport(pipe[0]));
        Gate opening = provider.holdOpen();
        CompletableFuture<IllegalStateException> onWrite = new CompletableFuture<>();
        CompletableFuture<IllegalStateException> onRead = new CompletableFuture<>();
        client.onTimeout(() -> {
            client.setTimeout(0);
            onWrite.complete(assertThrows(
                    IllegalStateException.class, () -> client.outputStream().write('x')));
            onRead.complete(assertThrows(
                    IllegalStateException.class, () -> client.inputStream().read()));
        });
        Hooks.connect(client, Hooks.dialer(SERVER, provider), options);
        opening.awaitReached("connecting");
        client.setTimeout(1);
        String message = Await.value("the write is refused", onWrite).getMessage();
        assertTrue(message.contains("until it is connected"), message);
        assertEquals(message, Await.value("the read is refused", onRead).getMessage());
        opening.open();
        atClient.awaitEvent("connect");
    }
}
