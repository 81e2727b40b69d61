// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.net.Net;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RFC 5952. Repeat a fuzz failure with {@code -Dweft.fuzz.seed=} the seed in its message. */
class AddressesTest {
    private final long seed = Long.getLong("weft.fuzz.seed", System.nanoTime());

    private static InetAddress ip(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static InetAddress ip(String hex) {
        return ip(HexFormat.of().parseHex(hex.replace(":", "")));
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            # RFC 5952, 1 and 2: all of these are one address
            2001:0db8:0000:0000:0001:0000:0000:0001, 2001:db8::1:0:0:1
            # 4.1: leading zeros, but one digit stays
            2001:0db8:0000:0000:0000:0000:0000:0001, 2001:db8::1
            2001:0db8:0001:0001:0001:0001:0001:0001, 2001:db8:1:1:1:1:1:1
            2001:0db8:aaaa:bbbb:cccc:dddd:eeee:0001, 2001:db8:aaaa:bbbb:cccc:dddd:eeee:1
            # 4.2.1: shortened as much as possible
            2001:0db8:0000:0000:0000:0000:0002:0001, 2001:db8::2:1
            # 4.2.2: a single group of zeros is not shortened
            2001:0db8:0000:0001:0001:0001:0001:0001, 2001:db8:0:1:1:1:1:1
            0000:0001:0001:0001:0001:0001:0001:0001, 0:1:1:1:1:1:1:1
            0001:0001:0001:0001:0001:0001:0001:0000, 1:1:1:1:1:1:1:0
            # 4.2.3: the longest run; the first of equal ones
            2001:0000:0000:0001:0000:0000:0000:0001, 2001:0:0:1::1
            2001:0db8:0000:0000:0001:0000:0000:0001, 2001:db8::1:0:0:1
            0000:0000:0001:0000:0000:0000:0001:0001, 0:0:1::1:1
            0001:0000:0000:0000:0001:0000:0000:0000, 1::1:0:0:0
            # 4.3: lower case
            2001:0DB8:ABCD:EF01:0002:0003:0004:0005, 2001:db8:abcd:ef01:2:3:4:5
            # at either edge
            0000:0000:0000:0000:0000:0000:0000:0000, ::
            0000:0000:0000:0000:0000:0000:0000:0001, ::1
            0001:0000:0000:0000:0000:0000:0000:0000, 1::
            0000:0000:0001:0001:0001:0001:0001:0001, ::1:1:1:1:1:1
            0001:0001:0001:0001:0001:0001:0000:0000, 1:1:1:1:1:1::
            0000:0000:0001:0001:0001:0001:0000:0000, ::1:1:1:1:0:0
            fe80:0000:0000:0000:0202:b3ff:fe1e:8329, fe80::202:b3ff:fe1e:8329
            ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
            0000:0000:0000:0000:0000:0000:7f00:0001, ::7f00:1
            """)
    void ipv6IsWrittenInItsCanonicalForm(String groups, String expected) {
        assertEquals(expected, Addresses.literal(ip(groups)));
    }

    @ParameterizedTest
    @CsvSource({"7f000001, 127.0.0.1", "00000000, 0.0.0.0", "ffffffff, 255.255.255.255", "0a010203, 10.1.2.3"})
    void ipv4IsDotted(String hex, String expected) {
        assertEquals(expected, Addresses.literal(ip(hex)));
    }

    @Test
    void mappedIpv4IsAnIpv4AddressAsTheJdkHasIt() {
        assertEquals("192.0.2.1", Addresses.literal(ip("00000000000000000000ffffc0000201")));
    }

    /** The name that an address was looked up with is not part of its literal form, and no reverse lookup is made. */
    @Test
    void literalLeavesOutTheHostName() throws Exception {
        InetAddress named = InetAddress.getByAddress("localhost", new byte[] {127, 0, 0, 1});
        assertEquals("127.0.0.1", Addresses.literal(named));
        assertEquals("127.0.0.1:80", Addresses.text(new InetSocketAddress(named, 80)));
    }

    @Test
    void numericZoneFollowsThePercentSign() throws Exception {
        byte[] linkLocal = ip("fe800000000000000000000000000001").getAddress();
        assertEquals("fe80::1%7", Addresses.literal(Inet6Address.getByAddress(null, linkLocal, 7)));
        assertEquals("fe80::1", Addresses.literal(Inet6Address.getByAddress(null, linkLocal, -1)));
    }

    @Test
    void zoneWithAnInterfaceIsWrittenWithItsName() throws Exception {
        NetworkInterface some = NetworkInterface.networkInterfaces()
                .filter(i -> i.inetAddresses().anyMatch(Inet6Address.class::isInstance))
                .findFirst()
                .orElse(null);
        assumeTrue(some != null, "no interface with IPv6 here");
        Inet6Address own = some.inetAddresses()
                .filter(Inet6Address.class::isInstance)
                .map(Inet6Address.class::cast)
                .findFirst()
                .orElseThrow();
        InetAddress zoned = Inet6Address.getByAddress(null, own.getAddress(), some);
        assertEquals(true, Addresses.literal(zoned).endsWith("%" + some.getName()), Addresses.literal(zoned));
    }

    @ParameterizedTest
    @CsvSource({"7f000001, 80, 127.0.0.1:80", "00000000000000000000000000000001, 8124, [::1]:8124"})
    void textIsAddressAndPort(String hex, int port, String expected) {
        assertEquals(expected, Addresses.text(new InetSocketAddress(ip(hex), port)));
    }

    @Test
    void textOfAZonedAddressHasTheZoneInsideTheBrackets() throws Exception {
        byte[] linkLocal = ip("fe800000000000000000000000000001").getAddress();
        InetAddress zoned = Inet6Address.getByAddress(null, linkLocal, 3);
        assertEquals("[fe80::1%3]:80", Addresses.text(new InetSocketAddress(zoned, 80)));
    }

    @Test
    void unresolvedAddressIsWrittenAsItWasGiven() {
        InetSocketAddress unresolved = InetSocketAddress.createUnresolved("Example.test", 443);
        assertEquals("Example.test:443", Addresses.text(unresolved));
        assertNull(Addresses.host(unresolved), "it has no literal address");
        assertEquals(443, Addresses.port(unresolved));
    }

    @Test
    void otherKindsOfAddressesHaveTheirOwnTextAndNoHost() {
        UnixDomainSocketAddress unix = UnixDomainSocketAddress.of("/tmp/x.sock");
        assertEquals("/tmp/x.sock", Addresses.text(unix));
        assertNull(Addresses.host(unix));
        assertEquals(0, Addresses.port(unix));
    }

    @Test
    void noAddressHasNeitherHostNorPort() {
        assertNull(Addresses.host(null));
        assertEquals(0, Addresses.port(null));
        assertEquals("null", Addresses.text(null));
    }

    @Test
    void hostAndPortOfAnAddress() {
        InetSocketAddress address = new InetSocketAddress(ip("00000000000000000000000000000001"), 65535);
        assertEquals("::1", Addresses.host(address));
        assertEquals(65535, Addresses.port(address));
    }

    /** Whatever we write is a literal, reads back as the same address, and is not longer than any other way to write it. */
    @Test
    void everyAddressReadsBackAsItself() throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = new byte[16];
            for (int group = 0; group < 8; group++) {
                if (random.nextInt(3) == 0) {
                    int value = random.nextInt(1 << (4 * random.nextInt(1, 5)));
                    bytes[2 * group] = (byte) (value >> 8);
                    bytes[2 * group + 1] = (byte) value;
                }
            }
            InetAddress ip = ip(bytes);
            if (!(ip instanceof Inet6Address)) {
                continue; // IPv4-mapped
            }
            String text = Addresses.literal(ip);
            String message = text + ", seed " + seed;
            assertEquals(6, Net.isIP(text), message);
            assertEquals(ip, InetAddress.getByName(text), message);
            assertEquals(text, shortest(bytes), message);
        }
    }

    /** The same by another way: each run of zeros tried, the shortest text wins, the first of equally short ones. */
    private static String shortest(byte[] bytes) {
        String[] groups = new String[8];
        for (int i = 0; i < 8; i++) {
            groups[i] = Integer.toHexString(((bytes[2 * i] & 0xff) << 8) | (bytes[2 * i + 1] & 0xff));
        }
        String best = String.join(":", groups);
        int longest = 1;
        for (int from = 0; from < 8; from++) {
            for (int to = from + 2; to <= 8; to++) {
                boolean zeros = true;
                for (int i = from; i < to; i++) {
                    zeros &= groups[i].equals("0");
                }
                if (zeros && to - from > longest) {
                    longest = to - from;
                    best = String.join(":", java.util.Arrays.copyOfRange(groups, 0, from))
                            + "::"
                            + String.join(":", java.util.Arrays.copyOfRange(groups, to, 8));
                }
            }
        }
        return best;
    }
}
