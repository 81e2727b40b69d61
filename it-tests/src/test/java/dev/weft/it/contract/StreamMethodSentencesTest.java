// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.Events;
import dev.weft.it.support.Payload;
import dev.weft.it.support.Peer;
import dev.weft.it.support.PeerListener;
import dev.weft.it.support.Wire.Accepted;
import dev.weft.it.support.Wire.Connected;
import dev.weft.it.support.Wire.Pair;
import dev.weft.net.Encoding;
import dev.weft.net.Net;
import dev.weft.net.NetException;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The sentences on net.createConnection and the methods of net.Stream. */
class StreamMethodSentencesTest extends SentencesTest {
    private static final int SMALL_RECEIVE_BUFFER = 16 << 10;
    private static final int TOO_MUCH = 6 << 20;

    // -- net.createConnection --

    @Test
    @DisplayName("Construct a new stream object and opens a stream to the specified `port` and `host`.")
    void createConnectionOpensAStream() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = scope.add(Net.createConnection(listener.port(), "127.0.0.1"));
        Peer unused = listener.accept();
        assertEquals(
                listener.port(), Await.value("connected", stream.connected()).remotePort());
    }

    @Test
    @DisplayName("If the second parameter is omitted, localhost is assumed.")
    void createConnectionWithoutHostGoesToThisMachine() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = scope.add(Net.createConnection(listener.port()));
        Peer unused = listener.accept();
        assertEquals("127.0.0.1", Await.value("connected", stream.connected()).remoteAddress());
        Stream other = wire.stream().connect(listener.port());
        unused = listener.accept();
        assertEquals("127.0.0.1", Await.value("connected", other.connected()).remoteAddress());
    }

    @Test
    @DisplayName("When the stream is established the `'connect'` event will be emitted.")
    void createConnectionTellsConnectToListenersAddedAfterwards() throws IOException {
        PeerListener listener = wire.peerListener();
        CompletableFuture<ReadyState> state = new CompletableFuture<>();
        Stream stream = scope.add(Net.createConnection(listener.port(), "127.0.0.1"));
        stream.onConnect(() -> state.complete(stream.readyState()));
        assertEquals(ReadyState.OPEN, Await.value("connect", state));
        Peer unused = listener.accept();
    }

    // -- stream.connect --

    @Test
    @DisplayName("connect: Opens a stream to the specified `port` and `host`.")
    void connectOpensTheStream() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        stream.connect(listener.port(), "localhost");
        stream.end("by name");
        assertEquals("by name", listener.accept().readTextToEnd());
    }

    @Test
    @DisplayName("`createConnection()` also opens a stream; normally this method is not needed.")
    void createConnectionDoesWhatConnectDoes() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream created = scope.add(Net.createConnection(listener.port(), "127.0.0.1"));
        created.end("same");
        assertEquals("same", listener.accept().readTextToEnd());
        Stream connected = scope.add(Net.createStream()).connect(listener.port(), "127.0.0.1");
        connected.end("same");
        assertEquals("same", listener.accept().readTextToEnd());
    }

    @Test
    @DisplayName("Use this only if a stream is closed and you want to reuse the object to connect to another server.")
    void connectReusesAClosedStreamForAnotherServer() throws IOException {
        PeerListener one = wire.peerListener();
        PeerListener another = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, one);
        one.accept().close();
        events.await("close(false)");
        wire.connect(stream, another);
        Peer peer = another.accept();
        events.await("connect", 2);
        stream.end("reused");
        assertEquals("reused", peer.readTextToEnd());
    }

    @Test
    @DisplayName("connect: This function is asynchronous.")
    void connectReturnsBeforeThereIsAConnection() throws IOException {
        Stream stream = wire.stream();
        Stream same = Await.returns("connect to where nobody answers", () -> wire.connect(stream, wire.blackHole()));
        assertEquals(ReadyState.OPENING, same.readyState());
    }

    @Test
    @DisplayName("When the `'connect'` event is emitted the stream is established.")
    void streamIsOpenInConnect() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.onConnect(() -> stream.end("established"));
        wire.connect(stream, listener);
        assertEquals("established", listener.accept().readTextToEnd());
        assertEquals(ReadyState.OPEN, events.stateAt("connect"));
    }

    @Test
    @DisplayName(
            "If there is a problem connecting, the `'connect'` event will not be emitted, the `'error'` event will be"
                    + " emitted with the exception.")
    void failureToConnectIsToldByError() throws IOException {
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, wire.nowhere());
        events.assertClosedAfter("error", "close(true)");
        assertInstanceOf(NetException.class, events.error());
    }

    // -- Members. --

    @Test
    @DisplayName("The string representation of the remote IP address.")
    void remoteAddressIsTheLiteralAddress() throws IOException {
        Accepted accepted = wire.accepted();
        assertEquals("127.0.0.1", accepted.stream().remoteAddress());
        assertTrue(Net.isIPv4(accepted.stream().remoteAddress()));
    }

    /** That a client has it too is what users of the document's successors expect; what it promises holds all the same. */
    @Test
    @DisplayName("This member is only present in server-side connections.")
    void remoteAddressIsPresentInServerSideConnections() throws IOException {
        CompletableFuture<String> inListener = new CompletableFuture<>();
        Server server = wire.listening(stream -> inListener.complete(stream.remoteAddress()));
        Peer unused = wire.dial(server);
        assertEquals("127.0.0.1", Await.value("connection", inListener));
    }

    @Test
    @DisplayName("Either `'closed'`, `'open'`, `'opening'`, `'readOnly'`, or `'writeOnly'`.")
    void readyStateIsOneOfTheFive() throws IOException {
        Stream stream = wire.stream(options -> options.allowHalfOpen(true));
        assertEquals("closed", stream.readyState().toString());
        PeerListener listener = wire.peerListener();
        AtomicReference<ReadyState> opening = new AtomicReference<>();
        Events events = wire.connectAnd(stream, listener, () -> opening.set(stream.readyState()));
        assertEquals("opening", opening.get().toString());
        Peer peer = listener.accept();
        events.await("connect");
        assertEquals("open", stream.readyState().toString());
        peer.finish();
        events.await("end");
        assertEquals("writeOnly", stream.readyState().toString());
        stream.end();
        events.awaitClose();
        assertEquals("closed", stream.readyState().toString());
        Connected other = wire.connected();
        other.stream().end();
        assertEquals("readOnly", other.stream().readyState().toString());
        assertEquals(5, ReadyState.values().length);
    }

    @Test
    @DisplayName("Sets the encoding (either `'ascii'`, `'utf8'`, or `'base64'`) for data that is received.")
    void eachEncodingOfTheDocumentIsThere() throws IOException {
        for (Encoding encoding : List.of(Encoding.ASCII, Encoding.UTF8, Encoding.BASE64)) {
            Queue<String> received = new ConcurrentLinkedQueue<>();
            Connected connected = wire.connected();
            connected.stream().setEncoding(encoding);
            connected.stream().onText(received::add);
            connected.peer().send("text").finish();
            connected.events().awaitClose();
            assertEquals(encoding == Encoding.BASE64 ? "dGV4dA==" : "text", String.join("", received));
        }
    }

    // -- stream.write --

    @Test
    @DisplayName("Sends data on the stream.")
    void writeSends() throws IOException {
        Connected connected = wire.connected();
        connected.stream().write("text");
        connected.stream().write(new byte[] {'b', 'y', 't', 'e', 's'});
        assertEquals("textbytes", connected.peer().readText(9));
    }

    /** UTF-8 gives the same bytes for ASCII text, and loses no other character. */
    @Test
    @DisplayName(
            "The second parameter specifies the encoding in the case of a string--it defaults to ASCII because encoding"
                    + " to UTF8 is rather slow.")
    void asciiTextGoesOutAsAsciiByDefault() throws IOException {
        String ascii = IntStream.range(0, 128)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        Connected connected = wire.connected();
        connected.stream().write(ascii);
        assertArrayEquals(ascii.getBytes(US_ASCII), connected.peer().read(128));
        connected.stream().write(ascii, Encoding.ASCII);
        assertArrayEquals(ascii.getBytes(US_ASCII), connected.peer().read(128));
        connected.stream().write("\u20ac", Encoding.UTF8);
        assertArrayEquals("\u20ac".getBytes(UTF_8), connected.peer().read(3));
        connected.stream().write("YWJj", Encoding.BASE64);
        assertEquals("abc", connected.peer().readText(3));
    }

    @Test
    @DisplayName("Returns `true` if the entire data was flushed successfully to the kernel buffer.")
    void writeIsTrueIfTheKernelHasTakenAll() throws IOException {
        CompletableFuture<Boolean> result = new CompletableFuture<>();
        CompletableFuture<Long> buffered = new CompletableFuture<>();
        Accepted accepted = wire.accepted();
        accepted.stream().onData(data -> {
            result.complete(accepted.stream().write(data));
            buffered.complete(accepted.stream().bufferedBytes());
        });
        accepted.peer().send("echo");
        assertTrue(Await.value("a small write in a listener", result));
        assertEquals(0, Await.value("bufferedBytes", buffered));
        assertEquals("echo", accepted.peer().readText(4));
    }

    @Test
    @DisplayName("Returns `false` if all or part of the data was queued in user memory.")
    void writeIsFalseIfPartOfItIsQueued() throws IOException {
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(new byte[TOO_MUCH]));
        assertTrue(connected.stream().bufferedBytes() > 0);
    }

    @Test
    @DisplayName("`'drain'` will be emitted when the buffer is again free.")
    void drainFollowsAFalse() throws IOException {
        Connected connected = wire.connected(options -> options, SMALL_RECEIVE_BUFFER);
        assertFalse(connected.stream().write(new byte[TOO_MUCH]));
        wire.settle();
        assertEquals(0, connected.events().count("drain"));
        assertEquals(TOO_MUCH, connected.peer().read(TOO_MUCH).length);
        connected.events().await("drain");
        assertEquals(0, connected.stream().bufferedBytes());
    }

    // -- stream.end --

    @Test
    @DisplayName("Half-closes the stream.")
    void endClosesOurHalfOnly() throws IOException {
        Connected connected = wire.connected();
        connected.stream().end();
        assertEquals("", connected.peer().readTextToEnd());
        connected.peer().send("other half");
        connected.events().awaitText("other half").assertNames("connect", "data");
    }

    @Test
    @DisplayName("I.E., it sends a FIN packet.")
    void endSendsFin() throws IOException {
        Connected connected = wire.connected();
        connected.stream().end();
        assertEquals(0, connected.peer().readToEnd().length);
    }

    @Test
    @DisplayName("It is possible the server will still send some data.")
    void dataComesAfterOurEnd() {
        byte[] payload = Payload.bytes(1, 1 << 20);
        Pair pair = wire.halfOpenPair();
        pair.client().end("send it");
        pair.serverEvents().await("end");
        pair.server().write(payload);
        pair.server().end();
        pair.clientEvents().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(
                Payload.summary(payload), Payload.summary(pair.clientEvents().bytes()));
    }

    @Test
    @DisplayName("After calling this `readyState` will be `'readOnly'`.")
    void stateIsReadOnlyAfterEnd() throws IOException {
        Connected connected = wire.connected();
        assertEquals("readOnly", connected.stream().end().readyState().toString());
    }

    @Test
    @DisplayName("If `data` is specified, it is equivalent to calling `stream.write(data, encoding)` followed by"
            + " `stream.end()`.")
    void endWithDataIsWriteThenEnd() throws IOException {
        Connected one = wire.connected();
        one.stream().end("ZW5k", Encoding.BASE64);
        Connected other = wire.connected();
        other.stream().write("ZW5k", Encoding.BASE64);
        other.stream().end();
        assertEquals("end", one.peer().readTextToEnd());
        assertEquals("end", other.peer().readTextToEnd());
        assertEquals(one.stream().readyState(), other.stream().readyState());
    }

    // -- stream.destroy, pause, resume --

    @Test
    @DisplayName("Ensures that no more I/O activity happens on this stream.")
    void nothingIsReadOrWrittenAfterDestroy() throws IOException {
        Connected connected = wire.connected();
        connected.stream().destroy();
        assertEquals("closed", connected.stream().readyState().toString());
        assertFalse(connected.stream().write("never"));
        assertEquals("", connected.peer().readTextToEnd());
        connected.events().assertClosedAfter("connect", "close(false)");
    }

    @Test
    @DisplayName("Only necessary in case of errors (parse error or so).")
    void destroyMayGiveTheReason() throws IOException {
        Exception parseError = new Exception("parse error or so");
        Connected connected = wire.connected();
        connected.stream().onData(data -> connected.stream().destroy(parseError));
        connected.peer().send("?");
        connected.events().assertClosedAfter("connect", "data", "error", "close(true)");
        assertEquals(parseError, connected.events().error());
    }

    @Test
    @DisplayName("Pauses the reading of data.")
    void pauseStopsReading() throws IOException {
        Connected connected = wire.connected();
        connected.stream().pause();
        CompletableFuture<Boolean> sender = Await.start(() -> {
            connected.peer().send(new byte[20 << 20]);
            return true;
        });
        wire.settle();
        assertTrue(
                connected.stream().bytesRead() <= 256 << 10,
                () -> "read " + connected.stream().bytesRead());
        connected.stream().resume();
        Await.value("the peer has sent", sender);
    }

    @Test
    @DisplayName("That is, `'data'` events will not be emitted.")
    void thereIsNoDataWhilePaused() throws IOException {
        Connected connected = wire.connected();
        connected.stream().pause();
        connected.peer().send("waits");
        wire.settle();
        connected.events().assertNames("connect");
    }

    @Test
    @DisplayName("Useful to throttle back an upload.")
    void pauseHoldsUpTheSender() throws IOException {
        Accepted accepted = wire.accepted();
        accepted.stream().pause();
        CompletableFuture<Boolean> upload = Await.start(() -> {
            accepted.peer().send(new byte[20 << 20]).finish();
            return true;
        });
        wire.settle();
        assertFalse(upload.isDone());
        accepted.stream().resume();
        Await.value("the upload", upload);
        accepted.events().awaitClose();
        assertEquals(20 << 20, accepted.events().size());
    }

    @Test
    @DisplayName("Resumes reading after a call to `pause()`.")
    void resumeReadsOn() throws IOException {
        Connected connected = wire.connected();
        connected.stream().pause();
        connected.peer().send("waits");
        wire.settle();
        connected.stream().resume();
        connected.events().awaitText("waits");
    }

    // -- stream.setTimeout --

    @Test
    @DisplayName("Sets the stream to timeout after `timeout` milliseconds of inactivity on the stream.")
    void timeoutComesAfterThatTimeAtTheEarliest() throws IOException {
        Connected connected = wire.connected();
        long start = System.nanoTime();
        connected.stream().setTimeout(70);
        connected.events().await("timeout");
        assertTrue(System.nanoTime() - start >= 70_000_000);
    }

    @Test
    @DisplayName("By default `net.Stream` do not have a timeout.")
    void thereIsNoTimeoutByDefault() throws IOException {
        Connected without = wire.connected();
        Connected with = wire.connected();
        with.stream().setTimeout(100);
        with.events().await("timeout");
        without.events().assertNames("connect");
    }

    @Test
    @DisplayName(
            "When an idle timeout is triggered the stream will receive a `'timeout'` event but the connection will not"
                    + " be severed.")
    void timeoutDoesNotSeverTheConnection() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setTimeout(30);
        connected.events().await("timeout");
        connected.peer().send("there?");
        connected.events().awaitText("there?");
        connected.stream().write("yes");
        assertEquals("yes", connected.peer().readText(3));
    }

    @Test
    @DisplayName("The user must manually `end()` or `destroy()` the stream.")
    void userDestroysInTimeout() throws IOException {
        Connected connected = wire.connected();
        connected.stream().onTimeout(connected.stream()::destroy);
        connected.stream().setTimeout(30);
        connected.events().assertClosedAfter("connect", "timeout", "close(false)");
    }

    @Test
    @DisplayName("If `timeout` is 0, then the existing idle timeout is disabled.")
    void zeroDisablesTheTimeout() throws IOException {
        Connected disabled = wire.connected();
        Connected clock = wire.connected();
        disabled.stream().setTimeout(300);
        disabled.stream().setTimeout(0);
        clock.stream().setTimeout(350);
        clock.events().await("timeout");
        disabled.events().assertNames("connect");
    }

    // -- stream.setNoDelay, setKeepAlive --

    /** Whether small pieces are held back shows in time only; here, that they arrive. */
    @Test
    @DisplayName("Disables the Nagle algorithm.")
    void noDelayIsTaken() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setNoDelay();
        connected.stream().write("a");
        connected.stream().write("b");
        assertEquals("ab", connected.peer().readText(2));
    }

    @Test
    @DisplayName("By default TCP connections use the Nagle algorithm, they buffer data before sending it off.")
    void noDelayCanBeSwitchedOffAgain() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setNoDelay(true);
        connected.stream().setNoDelay(false);
        connected.stream().write("a");
        connected.stream().write("b");
        assertEquals("ab", connected.peer().readText(2));
    }

    @Test
    @DisplayName("Setting `noDelay` will immediately fire off data each time `stream.write()` is called.")
    void withNoDelayEachWriteArrivesWithoutAnotherFollowing() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setNoDelay(true);
        for (int i = 0; i < 10; i++) {
            connected.stream().write("x");
            assertEquals("x", connected.peer().readText(1));
        }
    }

    @Test
    @DisplayName(
            "Enable/disable keep-alive functionality, and optionally set the initial delay before the first keepalive"
                    + " probe is sent on an idle stream.")
    void keepAliveIsEnabledAndDisabled() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        Connected connected = wire.connected();
        wire.awaitKeepAlive(connected.stream(), -1);
        connected.stream().setKeepAlive(true, 60_000);
        wire.awaitKeepAlive(connected.stream(), 60);
        connected.stream().setKeepAlive(false);
        wire.awaitKeepAlive(connected.stream(), -1);
    }

    @Test
    @DisplayName(
            "Set `initialDelay` (in milliseconds) to set the delay between the last data packet received and the first"
                    + " keepalive probe.")
    void initialDelayIsInMilliseconds() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        Connected connected = wire.connected();
        connected.stream().setKeepAlive(true, 20_000);
        wire.awaitKeepAlive(connected.stream(), 20);
        connected.stream().setKeepAlive(true, 600_000);
        wire.awaitKeepAlive(connected.stream(), 600);
    }

    @Test
    @DisplayName("Setting 0 for initialDelay will leave the value unchanged from the default (or previous) setting.")
    void initialDelayOfZeroChangesNothing() throws IOException {
        assumeTrue(wire.showsKeepAlive());
        Connected withDefault = wire.connected();
        withDefault.stream().setKeepAlive(true, 0);
        wire.awaitKeepAlive(withDefault.stream(), 7200);
        Connected withPrevious = wire.connected();
        withPrevious.stream().setKeepAlive(true, 60_000);
        withPrevious.stream().setKeepAlive(true, 0);
        wire.awaitKeepAlive(withPrevious.stream(), 60);
    }
}
