// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.AbstractAddress;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Addresses as {@code getsockname(2)} gives them on Linux. */
class RawAddressTest {
    private static ByteBuffer raw(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.nativeOrder());
    }

    private static void putPort(ByteBuffer raw, int port) {
        raw.put(2, (byte) (port >> 8)).put(3, (byte) port);
    }

    private static ByteBuffer unix(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        return raw(2 + bytes.length).put(2, bytes);
    }

    @Test
    void ipv4() throws IOException {
        ByteBuffer raw = raw(16);
        putPort(raw, 60_000);
        raw.put(4, new byte[] {127, 0, 0, 2});
        assertEquals(
                new InetSocketAddress(InetAddress.getByName("127.0.0.2"), 60_000),
                RawAddress.decode(raw, Posix.AF_INET));
    }

    @Test
    void ipv6WithAndWithoutAScope() throws IOException {
        ByteBuffer raw = raw(28);
        putPort(raw, 80);
        byte[] ip = InetAddress.getByName("fe80::1").getAddress();
        raw.put(8, ip);
        assertEquals(new InetSocketAddress(InetAddress.getByAddress(ip), 80), RawAddress.decode(raw, Posix.AF_INET6));
        raw.putInt(24, 7);
        InetSocketAddress scoped = (InetSocketAddress) RawAddress.decode(raw, Posix.AF_INET6);
        assertEquals(7, ((Inet6Address) scoped.getAddress()).getScopeId());
    }

    @Test
    void ipv4MappedIntoIpv6IsIpv4() throws IOException {
        ByteBuffer raw = raw(28);
        putPort(raw, 80);
        raw.put(8, new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 127, 0, 0, 1});
        assertEquals(
                new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 80),
                RawAddress.decode(raw, Posix.AF_INET6));
    }

    @Test
    void aPathEndsAtTheFirstZeroByte() throws IOException {
        assertEquals(UnixDomainSocketAddress.of("/run/x"), RawAddress.decode(unix("/run/x\0"), Posix.AF_UNIX));
        assertEquals(UnixDomainSocketAddress.of("/run/x"), RawAddress.decode(unix("/run/x"), Posix.AF_UNIX));
        assertEquals(UnixDomainSocketAddress.of("/run/x"), RawAddress.decode(unix("/run/x\0\0y"), Posix.AF_UNIX));
    }

    @Test
    void anAbstractNameIsAllThatFollowsItsZeroByte() throws IOException {
        assertEquals(AbstractAddress.of("x\0y\0"), RawAddress.decode(unix("\0x\0y\0"), Posix.AF_UNIX));
        assertEquals("@x@y@", AbstractAddress.of("x\0y\0").toString());
    }

    @Test
    void anUnboundSocketHasAnEmptyPath() throws IOException {
        assertEquals(UnixDomainSocketAddress.of(""), RawAddress.decode(raw(2), Posix.AF_UNIX));
    }

    @Test
    void anotherFamilyIsNamed() {
        SocketException e = assertThrows(SocketException.class, () -> RawAddress.decode(raw(16), 16));
        assertTrue(e.getMessage().contains("address family 16"), e::getMessage);
    }
}
