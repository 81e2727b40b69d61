// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {
    private static final Executor EXECUTOR = Runnable::run;

    @Test
    void streamDefaultsAreThoseOfTheDocument() {
        StreamOptions options = StreamOptions.defaults();
        assertFalse(options.allowHalfOpen());
        assertNull(options.dispatcher());
        assertEquals(16 << 20, options.maxQueuedBytes());
        assertEquals(Duration.ZERO, options.connectTimeout());
    }

    @Test
    void streamOptionsChangeOneThingAndKeepTheOthers() {
        StreamOptions all = StreamOptions.defaults()
                .allowHalfOpen(true)
                .dispatcher(EXECUTOR)
                .maxQueuedBytes(5)
                .connectTimeout(Duration.ofSeconds(3));
        assertTrue(all.allowHalfOpen());
        assertSame(EXECUTOR, all.dispatcher());
        assertEquals(5, all.maxQueuedBytes());
        assertEquals(Duration.ofSeconds(3), all.connectTimeout());
        StreamOptions back = all.allowHalfOpen(false);
        assertFalse(back.allowHalfOpen());
        assertEquals(5, back.maxQueuedBytes());
        assertNull(all.dispatcher(null).dispatcher());
    }

    @Test
    void streamOptionsAreImmutable() {
        StreamOptions options = StreamOptions.defaults();
        StreamOptions changed = options.allowHalfOpen(true).maxQueuedBytes(1).connectTimeout(Duration.ofDays(1));
        assertFalse(options.allowHalfOpen());
        assertEquals(StreamOptions.DEFAULT_MAX_QUEUED_BYTES, options.maxQueuedBytes());
        assertEquals(Duration.ZERO, options.connectTimeout());
        assertEquals(1, changed.maxQueuedBytes());
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE})
    void negativeQueueBoundIsRefusedWithItsValue(long bytes) {
        assertEquals(
                "maxQueuedBytes < 0: " + bytes,
                assertThrows(
                                IllegalArgumentException.class,
                                () -> StreamOptions.defaults().maxQueuedBytes(bytes))
                        .getMessage());
        assertThrows(
                IllegalArgumentException.class, () -> ServerOptions.defaults().maxQueuedBytes(bytes));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, Long.MAX_VALUE})
    void anyOtherQueueBoundIsTaken(long bytes) {
        assertEquals(bytes, StreamOptions.defaults().maxQueuedBytes(bytes).maxQueuedBytes());
    }

    @Test
    void negativeConnectTimeoutIsRefusedWithItsValue() {
        assertEquals(
                "connectTimeout < 0: PT-0.001S",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> StreamOptions.defaults().connectTimeout(Duration.ofMillis(-1)))
                        .getMessage());
    }

    @Test
    void serverDefaultsAreThoseOfTheDocument() {
        ServerOptions options = ServerOptions.defaults();
        assertEquals(511, options.backlog());
        assertFalse(options.allowHalfOpen());
        assertNull(options.dispatcher());
        assertEquals(StreamOptions.DEFAULT_MAX_QUEUED_BYTES, options.maxQueuedBytes());
    }

    @Test
    void serverOptionsHoldThoseOfTheirStreams() {
        ServerOptions options = ServerOptions.defaults()
                .backlog(7)
                .allowHalfOpen(true)
                .dispatcher(EXECUTOR)
                .maxQueuedBytes(9);
        assertEquals(7, options.backlog());
        assertTrue(options.stream().allowHalfOpen());
        assertSame(EXECUTOR, options.stream().dispatcher());
        assertEquals(9, options.stream().maxQueuedBytes());
        ServerOptions replaced = options.stream(StreamOptions.defaults());
        assertEquals(7, replaced.backlog());
        assertFalse(replaced.allowHalfOpen());
        assertEquals(511, ServerOptions.defaults().backlog());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1})
    void backlogBelowOneIsRefusedWithItsValue(int backlog) {
        assertEquals(
                "backlog < 1: " + backlog,
                assertThrows(
                                IllegalArgumentException.class,
                                () -> ServerOptions.defaults().backlog(backlog))
                        .getMessage());
    }

    @Test
    void textNamesEveryOption() {
        assertEquals(
                "ServerOptions[backlog=511, stream=StreamOptions[allowHalfOpen=false, dispatcher=null,"
                        + " maxQueuedBytes=16777216, connectTimeout=PT0S]]",
                ServerOptions.defaults().toString());
    }
}
