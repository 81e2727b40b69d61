// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.Net;
import dev.weft.net.ServerOptions;
import dev.weft.net.StreamOptions;
import java.time.Duration;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

/** Options are values: what is not set has its default, and setting makes a copy. */
class OptionsTest {
    private static final Executor EXECUTOR = Runnable::run;

    @Test
    void defaultsAreThoseOfTheDocument() {
        StreamOptions stream = StreamOptions.defaults();
        assertFalse(stream.allowHalfOpen());
        assertNull(stream.dispatcher());
        assertEquals(16L << 20, stream.maxQueuedBytes());
        assertEquals(Duration.ZERO, stream.connectTimeout());
        ServerOptions server = ServerOptions.defaults();
        assertFalse(server.allowHalfOpen());
        assertNull(server.dispatcher());
        assertEquals(16L << 20, server.maxQueuedBytes());
        assertEquals(511, server.backlog());
    }

    @Test
    void settingOneLeavesTheOthersAndTheOriginal() {
        StreamOptions stream = StreamOptions.defaults()
                .allowHalfOpen(true)
                .dispatcher(EXECUTOR)
                .maxQueuedBytes(5)
                .connectTimeout(Duration.ofSeconds(3));
        assertTrue(stream.allowHalfOpen());
        assertSame(EXECUTOR, stream.dispatcher());
        assertEquals(5, stream.maxQueuedBytes());
        assertEquals(Duration.ofSeconds(3), stream.connectTimeout());
        assertFalse(StreamOptions.defaults().allowHalfOpen());
        assertNull(stream.dispatcher(null).dispatcher());
        assertSame(EXECUTOR, stream.dispatcher());
    }

    @Test
    void serverOptionsHoldThoseOfTheirStreams() {
        ServerOptions server = ServerOptions.defaults()
                .allowHalfOpen(true)
                .dispatcher(EXECUTOR)
                .maxQueuedBytes(5)
                .backlog(7);
        assertTrue(server.stream().allowHalfOpen());
        assertSame(EXECUTOR, server.stream().dispatcher());
        assertEquals(5, server.stream().maxQueuedBytes());
        assertEquals(7, server.backlog());
        ServerOptions replaced = server.stream(StreamOptions.defaults());
        assertFalse(replaced.allowHalfOpen());
        assertNull(replaced.dispatcher());
        assertEquals(7, replaced.backlog());
    }

    @Test
    void theyTellWhatTheyAre() {
        assertTrue(StreamOptions.defaults().maxQueuedBytes(77).toString().contains("maxQueuedBytes=77"));
        assertTrue(ServerOptions.defaults().backlog(77).toString().contains("backlog=77"));
    }

    @Test
    void nullsAreRefused() {
        assertThrows(NullPointerException.class, () -> StreamOptions.defaults().connectTimeout(null));
        assertThrows(NullPointerException.class, () -> ServerOptions.defaults().stream(null));
        assertThrows(NullPointerException.class, () -> Net.createStream(null));
        assertThrows(NullPointerException.class, () -> Net.createServer(null, stream -> {}));
        assertThrows(NullPointerException.class, () -> Net.createServer(null));
    }
}
