// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.ContractTest;
import dev.weft.it.support.Events;
import dev.weft.it.support.OnOneChannel;
import dev.weft.it.support.Peer;
import dev.weft.it.support.PeerListener;
import dev.weft.it.support.Wire.Accepted;
import dev.weft.it.support.Wire.Connected;
import dev.weft.net.Event;
import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * {@code setTimeout}. Time is measured as a lower bound only. That a timeout does not come is seen by one that another
 * stream has later: both are told by the same clock.
 */
@OnOneChannel
class TimeoutTest extends ContractTest {
    private static final long SHORT = 40;

    /** Waits until a timeout of so many milliseconds, set now on another stream, has been told. */
    private void letPass(long millis) throws IOException {
        Stream clock = wire.stream();
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        clock.onTimeout(() -> told.complete(true));
        clock.setTimeout(millis);
        wire.connect(clock, wire.blackHole());
        Await.value("a timeout of " + millis + " ms", told);
        clock.destroy();
    }

    private static long millisSince(long start) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }

    private static void assertAtLeast(long millis, long start) {
        long passed = millisSince(start);
        assertTrue(passed >= millis, () -> "timeout after " + passed + " ms, not " + millis);
    }

    // -- When it fires. --

    @Test
    void clientThatIsIdleTellsTimeoutAndStaysOpen() throws IOException {
        Connected connected = wire.connected();
        long start = System.nanoTime();
        assertSame(connected.stream(), connected.stream().setTimeout(SHORT));
        connected.events().await("timeout");
        assertAtLeast(SHORT, start);
        assertEquals(ReadyState.OPEN, connected.stream().readyState());
        connected.peer().send("still works");
        connected.events().awaitText("still works");
    }

    @Test
    void acceptedStreamThatIsIdleTellsTimeoutAndStaysOpen() throws IOException {
        Accepted accepted = wire.accepted();
        long start = System.nanoTime();
        accepted.stream().setTimeout(SHORT);
        accepted.events().await("timeout");
        assertAtLeast(SHORT, start);
        assertEquals(ReadyState.OPEN, accepted.stream().readyState());
    }

    @Test
    void timeoutSetInTheConnectionListenerIsTold() throws IOException {
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            stream.setTimeout(SHORT);
            stream.onTimeout(() -> told.complete(true));
        });
        Peer unused = wire.dial(server);
        Await.value("timeout", told);
    }

    @Test
    void durationIsTakenToo() throws IOException {
        Connected connected = wire.connected();
        long start = System.nanoTime();
        connected.stream().setTimeout(Duration.ofMillis(SHORT));
        connected.events().await("timeout");
        assertAtLeast(SHORT, start);
    }

    @Test
    void itFiresOncePerIdlePeriod() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setTimeout(SHORT);
        connected.events().await("timeout");
        letPass(4 * SHORT);
        connected.events().assertNames("connect", "timeout");
    }

    @Test
    void readingBeginsANewPeriodAfterItHasFired() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setTimeout(SHORT);
        connected.events().await("timeout");
        long start = System.nanoTime();
        connected.peer().send("x");
        connected.events().await("timeout", 2).assertNames("connect", "timeout", "data", "timeout");
        assertAtLeast(SHORT, start);
    }

    @Test
    void writingBeginsANewPeriodAfterItHasFired() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setTimeout(SHORT);
        connected.events().await("timeout");
        long start = System.nanoTime();
        connected.stream().write("x");
        connected.events().await("timeout", 2);
        assertAtLeast(SHORT, start);
    }

    @Test
    void writingInTimeoutBeginsANewPeriod() throws IOException {
        Connected connected = wire.connected();
        connected.stream().onTimeout(() -> connected.stream().write("x"));
        connected.stream().setTimeout(SHORT);
        connected.events().await("timeout", 3);
    }

    @Test
    void readingPostponesIt() throws IOException {
        long period = 150;
        Connected connected = wire.connected();
        connected.stream().setTimeout(period);
        letPass(period / 2);
        long start = System.nanoTime();
        connected.peer().send("x");
        connected.events().awaitText("x");
        int before = connected.events().count("timeout");
        connected.events().await("timeout", before + 1);
        assertAtLeast(period, start);
    }

    @Test
    void writingPostponesIt() throws IOException {
        long period = 150;
        Connected connected = wire.connected();
        connected.stream().setTimeout(period);
        letPass(period / 2);
        int before = connected.events().count("timeout");
        long start = System.nanoTime();
        connected.stream().write("x");
        assertEquals("x", connected.peer().readText(1));
        connected.events().await("timeout", before + 1);
        assertAtLeast(period, start);
    }

    @Test
    void setTimeoutBeginsANewPeriod() throws IOException {
        long period = 150;
        Connected connected = wire.connected();
        connected.stream().setTimeout(period);
        letPass(period / 2);
        int before = connected.events().count("timeout");
        long start = System.nanoTime();
        connected.stream().setTimeout(period);
        connected.events().await("timeout", before + 1);
        assertAtLeast(period, start);
    }

    @Test
    void shorterOneReplacesALongerOne() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setTimeout(3_600_000);
        connected.stream().setTimeout(SHORT);
        connected.events().await("timeout");
    }

    @Test
    void itFiresWhilePaused() throws IOException {
        Connected connected = wire.connected();
        connected.stream().pause();
        connected.stream().setTimeout(SHORT);
        connected.peer().send("not read");
        connected.events().await("timeout");
    }

    @Test
    void itFiresAfterOurEnd() throws IOException {
        Connected connected = wire.connected();
        connected.stream().end();
        connected.stream().setTimeout(SHORT);
        connected.events().await("timeout");
        assertEquals(ReadyState.READ_ONLY, connected.stream().readyState());
    }

    @Test
    void itFiresAfterThePeersEnd() throws IOException {
        Connected connected = wire.connected(options -> options.allowHalfOpen(true), 0);
        connected.peer().finish();
        connected.events().await("end");
        connected.stream().setTimeout(SHORT);
        connected.events().await("timeout");
        assertEquals(ReadyState.WRITE_ONLY, connected.stream().readyState());
    }

    @Test
    void itFiresWhileOurBytesAreStuck() throws IOException {
        Connected connected = wire.connected(options -> options, 16 << 10);
        assertFalse(connected.stream().write(new byte[6 << 20]));
        connected.stream().setTimeout(SHORT);
        connected.events().await("timeout");
        assertTrue(connected.stream().bufferedBytes() > 0);
    }

    @Test
    void itCoversConnecting() throws IOException {
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.setTimeout(SHORT);
        long start = System.nanoTime();
        wire.connect(stream, wire.blackHole());
        events.await("timeout").assertNames("timeout");
        assertAtLeast(SHORT, start);
        assertEquals(ReadyState.OPENING, stream.readyState());
        stream.destroy();
        events.assertClosedAfter("timeout", "close(false)");
    }

    @Test
    void itCoversConnectingAlsoIfSetAfterConnect() throws IOException {
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, wire.blackHole());
        stream.setTimeout(SHORT);
        events.await("timeout");
        stream.destroy();
        events.assertClosedAfter("timeout", "close(false)");
    }

    @Test
    void eachListenerOfTimeoutIsTold() throws IOException {
        Connected connected = wire.connected();
        AtomicInteger told = new AtomicInteger();
        connected.stream().onTimeout(told::incrementAndGet);
        connected.stream().onTimeout(told::incrementAndGet);
        connected.stream().setTimeout(SHORT);
        Await.until("two listeners are told", () -> told.get() == 2);
    }

    // -- When it does not. --

    @Test
    void thereIsNoneUnlessSet() throws IOException {
        Connected connected = wire.connected();
        letPass(4 * SHORT);
        connected.events().assertNames("connect");
    }

    @Test
    void zeroDisablesIt() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setTimeout(5 * SHORT);
        connected.stream().setTimeout(0);
        connected.peer().send("x");
        connected.stream().write("y");
        connected.events().awaitText("x");
        letPass(6 * SHORT);
        connected.events().assertNames("connect", "data");
    }

    @Test
    void zeroDurationDisablesIt() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setTimeout(Duration.ofMillis(5 * SHORT));
        connected.stream().setTimeout(Duration.ZERO);
        letPass(6 * SHORT);
        connected.events().assertNames("connect");
    }

    @Test
    void negativeIsRefusedWithTheValue() throws IOException {
        Connected connected = wire.connected();
        IllegalArgumentException millis = assertThrows(
                IllegalArgumentException.class, () -> connected.stream().setTimeout(-1));
        assertTrue(millis.getMessage().contains("-1"), millis::getMessage);
        IllegalArgumentException duration = assertThrows(
                IllegalArgumentException.class, () -> connected.stream().setTimeout(Duration.ofMillis(-5)));
        assertTrue(duration.getMessage().contains("-0.005"), duration::getMessage);
        letPass(SHORT);
        connected.events().assertNames("connect");
    }

    @Test
    void veryLongOnesAreTakenAsNever() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setTimeout(Long.MAX_VALUE);
        connected.stream().setTimeout(Duration.ofSeconds(Long.MAX_VALUE));
        letPass(SHORT);
        connected.peer().send("x");
        connected.events().awaitText("x").assertNames("connect", "data");
    }

    @Test
    void itIsNotToldAfterDestroy() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setTimeout(5 * SHORT);
        connected.stream().destroy();
        letPass(6 * SHORT);
        connected.events().assertNames("connect", "close(false)");
    }

    @Test
    void itIsNotToldAfterClose() throws IOException {
        Accepted accepted = wire.accepted();
        accepted.stream().setTimeout(5 * SHORT);
        accepted.peer().finish();
        accepted.events().awaitClose();
        accepted.stream().setTimeout(SHORT);
        letPass(6 * SHORT);
        accepted.events().assertNames("connect", "end", "close(false)");
    }

    @Test
    void itIsNotToldBeforeConnectWasCalled() throws IOException {
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.setTimeout(SHORT);
        letPass(3 * SHORT);
        events.assertNames();
    }

    @Test
    void destroyInTimeoutIsNoError() throws IOException {
        Connected connected = wire.connected();
        connected.stream().onTimeout(connected.stream()::destroy);
        connected.stream().setTimeout(SHORT);
        connected.events().assertClosedAfter("connect", "timeout", "close(false)");
        assertEquals("", connected.peer().readTextToEnd());
    }

    @Test
    void itSurvivesAReconnect() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.setTimeout(SHORT);
        AtomicInteger closes = new AtomicInteger();
        stream.onTimeout(stream::destroy);
        stream.on(Event.CLOSE, hadError -> {
            if (closes.incrementAndGet() == 1) {
                wire.connect(stream, listener);
            }
        });
        wire.connect(stream, listener);
        events.await("close(false)", 2);
        assertEquals(
                List.of("connect", "timeout", "close(false)", "connect", "timeout", "close(false)"), events.names());
    }

    // -- The connect timeout of the options. --

    @Test
    void connectTimeoutFailsTheConnection() throws IOException {
        Stream stream = wire.stream(options -> options.connectTimeout(Duration.ofMillis(SHORT)));
        Events events = Events.of(scope, stream);
        long start = System.nanoTime();
        wire.connect(stream, wire.blackHole());
        events.assertClosedAfter("error", "close(true)");
        assertAtLeast(SHORT, start);
        assertEquals(Code.TIMED_OUT, ((NetException) events.error()).code());
    }

    @Test
    void connectTimeoutDoesNotTouchAConnectionThatSucceeded() throws IOException {
        Connected connected = wire.connected(options -> options.connectTimeout(Duration.ofSeconds(5)), 0);
        letPass(SHORT);
        connected.events().assertNames("connect");
    }
}
