// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class IpLiteralTest {
    private static final String ZERO_GROUPS = "0000:0000:0000:0000:0000:0000:0000:0000";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "0.0.0.0",
                "255.255.255.255",
                "1.2.3.4",
                "8.8.8.8",
                "9.10.99.100",
                "199.200.249.250",
                "192.0.2.235",
                "10.0.0.254",
            })
    void fourDecimalPartsAreVersionFour(String input) {
        assertVersion(4, input);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.2.3", "1.2.3.", "1.2.3.4.", ".1.2.3.4", "1.2.3.4.5", "1..2.3", "1...2", "...", "."})
    void anyOtherNumberOfPartsIsNoAddress(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"256.1.1.1", "1.256.1.1", "1.1.256.1", "1.1.1.256", "1.2.3.999", "1.2.3.1000", "1.2.3.2550"})
    void partAboveTheByteRangeIsNoAddress(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "4294967297.2.3.4",
                "1.2.3.4294967300",
                "1.2.3.18446744073709551620",
                "::ffff:12345678901234567890.1.26",
            })
    void partThatWrapsAroundIsNoAddress(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "01.2.3.4",
                "1.2.3.04",
                "00.0.0.0",
                "127.000.000.001",
                "1.2.3.0004",
                "010.0.0.1",
                "0.0.0.00",
                "0000000192.168.0.200",
            })
    void leadingZeroIsNoAddress(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0x7f.1", "0x7f.0.0.1", "127.1", "127.0.1", "2130706433", "0", "1", "0xa.0.0.1"})
    void looseFormOfInetAtonIsNoAddress(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                " 127.0.0.1",
                "127.0.0.1 ",
                "127.0.0.1\n",
                "\t127.0.0.1",
                "127. 0.0.1",
                "127.0.0.1\r\n",
                " ::1",
                "::1 ",
                "::1\n",
                "2001:db8: 0::1",
            })
    void whiteSpaceIsNotTrimmed(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1:80",
                "1.2.3.4/24",
                "[::1]",
                "[::1]:80",
                "[127.0.0.1]",
                "::1/128",
                "::1]",
                "http://127.0.0.1",
                "1.2.3.4#53",
            })
    void portPrefixBracketsAndSchemeAreNoPartOfAnAddress(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"-1.2.3.4", "+1.2.3.4", "1.2.3.a", "1.2.3.-4", "1,2,3,4", "1.2.3.4f", "::-1", "::+1", "::0x1"})
    void signsAndStrayLettersAreNoAddress(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\uFF11.2.3.4", // full-width
                "\u0663.1.1.1", // Arabic-Indic
                "1.2.3.\u00B2", // superscript
                "\uFF41::", // full-width letter
                "::\uFF11",
                "1\uFF0E2.3.4", // full-width dot
                "1\uFF1A:2", // full-width colon
                "\uD835\uDFCF.2.3.4", // mathematical bold digit
                "\uD800.2.3.4",
                "::1%\u00E9th0",
            })
    void onlyAsciiCounts(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"x127.0.0.1", "127.0.0.1x", "example.com", "localhost", "a.b.c.d", "dead.beef", "face", "null"})
    void nameIsNoAddress(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(strings = {"127.0.0.1\0", "127.0.0.1\0x", "\000127.0.0.1", "::1\0", "::\0001", "\0"})
    void nothingAndNulAreNoAddress(@Nullable String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1:2:3:4:5:6:7:8",
                ZERO_GROUPS,
                "ffff:FFFF:fFfF:FfFf:0:00:000:0000",
                "2001:0DB8:85a3:0000:0000:8a2e:0370:7334",
                "a:b:c:d:e:f:f1:f2",
            })
    void eightGroupsAreVersionSix(String input) {
        assertVersion(6, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1",
                "1:2",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "11:36:12",
                "FF02:0000:0000:0000:0000:0000:0000:0000:0001",
            })
    void anyOtherNumberOfGroupsIsNoAddress(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "::",
                "::1",
                "1::",
                "ABCD::",
                "2001:DB8::A",
                "::2:3:4",
                "1:2::7:8",
                "1::8",
                "64:ff9b::",
                "1:2:3:4:5:6::",
                "1:2:3::6:7:8",
            })
    void doubleColonFillsTheMissingGroups(String input) {
        assertVersion(6, input);
    }

    @Test
    void doubleColonMayStandForOneGroupAnywhere() {
        for (int gap = 0; gap < 8; gap++) {
            assertVersion(6, withGap(gap, 1));
        }
    }

    @Test
    void doubleColonMayStandForAnyRunOfGroups() {
        for (int length = 1; length <= 8; length++) {
            for (int gap = 0; gap + length <= 8; gap++) {
                assertVersion(6, withGap(gap, length));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1:2:3:4:5:6:7:8::",
                "::1:2:3:4:5:6:7:8",
                "1:2:3:4::5:6:7:8",
                "1::2:3:4:5:6:7:8",
                ZERO_GROUPS + "::0000",
                "1:2:3:4:5:6::1.2.3.4",
                "::1:2:3:4:5:6:1.2.3.4",
            })
    void doubleColonNeverStandsForNothing(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1::2::3",
                "::1::",
                "1::2::",
                "::::",
                ":::",
                "1:::2",
                ":::1",
                "1:::",
                "::1:2::",
                "3ffe:b00::1::a",
                "::1111:2222:3333:4444:5555:6666::",
            })
    void doubleColonMayStandOnlyOnce(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ":",
                "1:",
                ":1",
                ":1::2",
                "1::2:",
                "1:2:3:4:5:6:7:8:",
                ":1:2:3:4:5:6:7:8",
                "1:2:3:4:5:6:7:",
                "::1:"
            })
    void singleColonAtAnEndIsNoAddress(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "12345::",
                "::12345",
                "::00001",
                "00000::",
                "1:2:3:4:5:6:7:00008",
                "02001:0000:1234:0000:0000:C1C0:ABCD:0876",
            })
    void groupOfMoreThanFourDigitsIsNoAddress(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(strings = {"g::1", "::G", "::1g", "1:2:3:4:5:6:7:x", "2001:db8:85a3::8a2e:370k:7334", "::fffg", "::-"})
    void letterAboveFIsNoAddress(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "::ffff:1.2.3.4",
                "::1.2.3.4",
                "1::1.2.3.4",
                "64:ff9b::192.0.2.33",
                "::ffff:0:1.2.3.4",
                "1:2:3:4:5:6:1.2.3.4",
                "1:2:3:4:5::1.2.3.4",
                "::2:3:4:5:6:1.2.3.4",
                "1::3:4:5:6:1.2.3.4",
                "0000:0000:0000:0000:0000:0000:255.255.255.255",
            })
    void dottedTailCountsAsTwoGroups(String input) {
        assertVersion(6, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1:2:3:4:5:6:7:1.2.3.4",
                "1:2:3:4:5:1.2.3.4",
                "::2:3:4:5:6:7:1.2.3.4",
                "::1.2.3.4:5",
                "::1.2.3.4::",
                "1.2.3.4::",
                "1.2.3.4:1111::5555",
                "::1.2.3.4:1.2.3.4",
                "1:2:3:4:5:6:7:8.1.2.3",
                "1:2:3:4:1.2.3.4:5:6",
            })
    void dottedPartBelongsAtTheEndOnlyAndMustFit(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "::ffff:01.2.3.4",
                "::ffff:1.2.3",
                "::ffff:256.1.1.1",
                "::ffff:1.2.3.",
                "::ffff:.1.2.3",
                "::ffff:1.2.3.4.5",
                "::a.2.3.4",
                "::1.2.3.f",
                "::1111.2.3.4",
                "fe80:0:0:0:204:61ff:254.157.241.086",
            })
    void dottedTailMustBeAnAddressItself(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "::1%eth0",
                "fe80::1%lo0",
                "::1%25eth0",
                "fe80::7:8%1",
                "fe80::1%no-such-interface",
                "::%a",
                "1:2:3:4:5:6:7:8%x",
                "::1.2.3.4%eth0",
                "fe80::1%eth0.100:1",
                "fe80::1%-",
                "fe80::1%.",
                "fe80::1%::",
                "fe80::1%azAZ09",
                "::ffff%:1.2.3.4:",
            })
    void zoneOfLettersDigitsAndThreeMarksIsAllowed(String input) {
        assertVersion(6, input);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "fe80::1%",
                "fe80::1%eth 0",
                "fe80::2008%eth0@1",
                "fe80::1%%",
                "fe80::1%a%b",
                "fe80::1%eth_0",
                "fe80::1%eth/0",
                "fe80::1%eth0\n",
                "fe80::1%eth0\0",
                "fe80::1%[",
                "fe80::1%`",
                "fe80::1%{",
                "fe80::1%;",
                "fe80::1%,",
            })
    void anyOtherZoneIsNoAddress(String input) {
        assertVersion(0, input);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.2.3.4%eth0", "%", "%eth0", ":%eth0", "1:2%eth0", "1::%1%", "1:2:3:4:5:6:7:%8"})
    void zoneNeedsAnIpv6AddressBeforeIt(String input) {
        assertVersion(0, input);
    }

    @Test
    void veryLongInputIsAnsweredToo() {
        assertVersion(0, "1".repeat(1_000_000));
        assertVersion(0, "1:".repeat(1_000_000));
        assertVersion(0, "1.".repeat(1_000_000));
        assertVersion(0, ":".repeat(1_000_000));
        assertVersion(0, "::" + "1:".repeat(1_000_000) + "1");
        assertVersion(0, "%".repeat(1_000_000));
        assertVersion(6, "::1%" + "a".repeat(1_000_000));
        assertVersion(0, "::1%" + "a".repeat(1_000_000) + "!");
    }

    private static void assertVersion(int expected, @Nullable String input) {
        assertEquals(expected, IpLiteral.version(input), () -> "version of \"" + input + "\"");
    }

    /** Eight groups, of which {@code length} from {@code gap} on are written as a double colon. */
    private static String withGap(int gap, int length) {
        StringBuilder text = new StringBuilder();
        for (int group = 0; group < 8; group++) {
            if (group == gap) {
                text.append("::");
            }
            if (group < gap || group >= gap + length) {
                boolean first = text.isEmpty() || text.charAt(text.length() - 1) == ':';
                text.append(first ? "" : ":").append(group + 1);
            }
        }
        return text.toString();
    }
}
