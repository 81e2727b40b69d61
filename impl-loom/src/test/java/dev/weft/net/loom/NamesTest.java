// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {
    @ParameterizedTest
    @CsvSource({"127.0.0.1, 127.0.0.1", "::1, ::1", "0.0.0.0, 0.0.0.0", "2001:DB8:0::1, 2001:db8::1"})
    void literalIsResolvedAtOnce(String host, String expected) {
        InetSocketAddress address = Names.address(80, host);
        assertFalse(address.isUnresolved());
        assertEquals(expected, Addresses.host(address));
        assertEquals(80, address.getPort());
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "no.such.host.invalid", "127.1", "0x7f.1", "[::1]", "::1::", " ", "01.2.3.4"})
    void anythingElseIsANameToBeLookedUpLater(String host) {
        InetSocketAddress address = Names.address(80, host);
        assertTrue(address.isUnresolved());
        assertEquals(host, address.getHostString());
    }

    @Test
    void literalWithAZoneThatThisMachineDoesNotHaveIsLookedUpLater() {
        InetSocketAddress address = Names.address(80, "fe80::1%nosuchif");
        assertTrue(address.isUnresolved());
        assertEquals("fe80::1%nosuchif:80", Addresses.text(address));
    }

    @Test
    void emptyHostIsRefused() {
        assertEquals(
                "host is empty",
                assertThrows(IllegalArgumentException.class, () -> Names.address(80, ""))
                        .getMessage());
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 65536, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void portOutOfRangeIsRefusedWithItsValue(int port) {
        String expected = "port not within 0 to 65535: " + port;
        assertEquals(
                expected,
                assertThrows(IllegalArgumentException.class, () -> Names.checkPort(port))
                        .getMessage());
        assertEquals(
                expected,
                assertThrows(IllegalArgumentException.class, () -> Names.address(port, "127.0.0.1"))
                        .getMessage());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65535})
    void portWithinRangeIsTaken(int port) {
        assertEquals(port, Names.address(port, "127.0.0.1").getPort());
    }

    @Test
    void lookupGivesTheAddressesOfAName() throws Exception {
        List<InetAddress> found = Await.value("localhost is found", Names.lookup("localhost"));
        assertFalse(found.isEmpty());
        assertTrue(found.stream().allMatch(InetAddress::isLoopbackAddress), found::toString);
    }

    @Test
    void lookupFailsWithUnknownHostExceptionAsTheCause() {
        CompletableFuture<List<InetAddress>> lookup = Names.lookup("no such host.invalid");
        assertInstanceOf(
                UnknownHostException.class,
                assertThrows(CompletionException.class, lookup::join).getCause());
    }

    @Test
    void lookupDoesNotRunOnTheCallersThread() throws Exception {
        Thread caller = Thread.currentThread();
        CompletableFuture<Thread> ranOn = Names.lookup("localhost").thenApply(found -> Thread.currentThread());
        // It may have been done before thenApply was called, which then ran here.
        Thread thread = Await.value("the lookup is done", ranOn);
        assertTrue(thread == caller || thread.getName().startsWith("weft-names-"), thread::toString);
        assertTrue(thread == caller || thread.isDaemon());
    }

    @Test
    void moreLookupsThanThreadsAreAllAnswered() throws Exception {
        List<CompletableFuture<List<InetAddress>>> lookups = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            lookups.add(Names.lookup("localhost"));
        }
        for (CompletableFuture<List<InetAddress>> lookup : lookups) {
            assertFalse(Await.value("a lookup is answered", lookup).isEmpty());
        }
    }
}
