// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.Net;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The sentences on net.isIP; the tests of the api module have all the vectors. */
class IsIpSentencesTest {
    private static final List<String> VERSION_4 = List.of("127.0.0.1", "0.0.0.0", "255.255.255.255", "8.8.8.8");

    private static final List<String> VERSION_6 = List.of(
            "::", "::1", "1:2:3:4:5:6:7:8", "2001:DB8::A", "::ffff:1.2.3.4", "64:ff9b::192.0.2.33", "fe80::1%lo0");

    private static final List<String> NEITHER = List.of(
            "",
            "127.1",
            "256.1.1.1",
            "01.2.3.4",
            "1.2.3.4.5",
            " 127.0.0.1",
            "127.0.0.1:80",
            "0x7f.0.0.1",
            "2130706433",
            "localhost",
            "example.com",
            ":::",
            "1::2::3",
            "12345::",
            "[::1]",
            "::1/128",
            "127.0.0.1\0x",
            "\uff11.2.3.4");

    @Test
    @DisplayName("Tests if input is an IP address.")
    void literalAddressesAreToldFromOtherText() {
        VERSION_4.forEach(input -> assertTrue(Net.isIP(input) != 0, input));
        VERSION_6.forEach(input -> assertTrue(Net.isIP(input) != 0, input));
        NEITHER.forEach(input -> assertFalse(Net.isIP(input) != 0, input));
    }

    @Test
    @DisplayName(
            "Returns 0 for invalid strings, returns 4 for IP version 4 addresses, and returns 6 for IP version 6 addresses.")
    void isIpGivesTheVersion() {
        NEITHER.forEach(input -> assertEquals(0, Net.isIP(input), input));
        VERSION_4.forEach(input -> assertEquals(4, Net.isIP(input), input));
        VERSION_6.forEach(input -> assertEquals(6, Net.isIP(input), input));
        assertEquals(0, Net.isIP(null));
    }

    @Test
    @DisplayName("Returns true if input is a version 4 IP address, otherwise returns false.")
    void isIpv4IsTrueForVersion4Alone() {
        VERSION_4.forEach(input -> assertTrue(Net.isIPv4(input), input));
        VERSION_6.forEach(input -> assertFalse(Net.isIPv4(input), input));
        NEITHER.forEach(input -> assertFalse(Net.isIPv4(input), input));
        assertFalse(Net.isIPv4(null));
    }

    @Test
    @DisplayName("Returns true if input is a version 6 IP address, otherwise returns false.")
    void isIpv6IsTrueForVersion6Alone() {
        VERSION_6.forEach(input -> assertTrue(Net.isIPv6(input), input));
        VERSION_4.forEach(input -> assertFalse(Net.isIPv6(input), input));
        NEITHER.forEach(input -> assertFalse(Net.isIPv6(input), input));
        assertFalse(Net.isIPv6(null));
    }
}
