// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Tells IP address literals from everything else, exactly as Node's {@code net.isIP} does.
 *
 * <p>Accepted are the strict forms only: dotted decimal with four parts, each 0 to 255 without a leading zero, and the
 * text forms of <a href="https://www.rfc-editor.org/rfc/rfc4291#section-2.2">RFC 4291, section 2.2</a>, which may carry
 * a zone after a {@code %} (<a href="https://www.rfc-editor.org/rfc/rfc4007#section-11">RFC 4007, section 11</a>). The
 * zone is checked for its letters, not for naming an interface of this machine. Brackets, ports, prefix lengths, white
 * space and digits outside ASCII are refused.
 *
 * <p>The parsers behind {@link java.net.InetAddress} are no help here. They take the loose forms too ({@code 127.1},
 * {@code 2130706433}, and {@code 010.0.0.1}, which is read as 8 or as 10 depending on who reads it), so that a filter
 * and the thing that it guards can understand one text as two addresses; see
 * <a href="https://www.rfc-editor.org/rfc/rfc6943#section-3.1.1">RFC 6943, section 3.1.1</a>. And what they do not
 * recognise, they look up.
 *
 * <p>One pass over the text, nothing allocated: hostile input costs no more than its length.
 *
 * <p><b>Threading.</b> Stateless; call it from any thread.
 */
final class IpLiteral {
    private static final int MAX_OCTET_DIGITS = 3;
    private static final int MAX_GROUP_DIGITS = 4;
    private static final int GROUPS = 8;
    /** Groups that an IPv4 address takes at the end of an IPv6 address. */
    private static final int GROUPS_OF_IPV4 = 2;

    private IpLiteral() {}

    /** Returns 4 or 6 if {@code input} is an IP address of that version, and 0 if it is none or null. */
    static int version(@Nullable String input) {
        if (input == null) {
            return 0;
        }
        if (isIPv4(input, 0, input.length())) {
            return 4;
        }
        return isIPv6WithZone(input) ? 6 : 0;
    }

    private static boolean isIPv4(String text, int from, int to) {
        int at = octetEnd(text, from, to);
        for (int dots = 0; dots < 3; dots++) {
            if (at < 0 || at == to || text.charAt(at) != '.') {
                return false;
            }
            at = octetEnd(text, at + 1, to);
        }
        return at == to;
    }

    /** Returns where the octet at {@code from} ends, or -1 if none is there. */
    private static int octetEnd(String text, int from, int to) {
        int limit = Math.min(to, from + MAX_OCTET_DIGITS);
        int value = 0;
        int at = from;
        while (at < limit && isDigit(text.charAt(at))) {
            value = value * 10 + (text.charAt(at) - '0');
            at++;
        }
        boolean leadingZero = at > from + 1 && text.charAt(from) == '0';
        return at == from || leadingZero || value > 255 ? -1 : at;
    }

    private static boolean isIPv6WithZone(String text) {
        int percent = text.indexOf('%');
        if (percent < 0) {
            return isIPv6(text, text.length());
        }
        return isIPv6(text, percent) && isZone(text, percent + 1);
    }

    private static boolean isIPv6(String text, int to) {
        boolean gap = text.startsWith("::");
        int groups = 0;
        int at = gap ? 2 : 0;
        while (at < to) {
            int end = groupEnd(text, at, to);
            if (end == at) {
                return false;
            }
            if (end < to && text.charAt(end) == '.') {
                return isIPv4(text, at, to) && isComplete(groups + GROUPS_OF_IPV4, gap);
            }
            groups++;
            if (end == to) {
                return isComplete(groups, gap);
            }
            int colons = colonsAt(text, end);
            if (colons == 0 || end + 1 == to || (colons == 2 && gap)) {
                return false;
            }
            gap |= colons == 2;
            at = end + colons;
        }
        return isComplete(groups, gap);
    }

    /** Returns where the hexadecimal group at {@code from} ends: {@code from} if there is none. */
    private static int groupEnd(String text, int from, int to) {
        int limit = Math.min(to, from + MAX_GROUP_DIGITS);
        int at = from;
        while (at < limit && HexFormat.isHexDigit(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private static int colonsAt(String text, int at) {
        if (text.charAt(at) != ':') {
            return 0;
        }
        return text.startsWith("::", at) ? 2 : 1;
    }

    /** A {@code ::} stands for one group or more, never for none. */
    private static boolean isComplete(int groups, boolean gap) {
        return gap ? groups < GROUPS : groups == GROUPS;
    }

    private static boolean isZone(String text, int from) {
        for (int at = from; at < text.length(); at++) {
            if (!isZoneLetter(text.charAt(at))) {
                return false;
            }
        }
        return from < text.length();
    }

    private static boolean isZoneLetter(char c) {
        return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == ':';
    }

    /** Unlike {@link Character#isDigit}, takes the ten ASCII digits only. */
    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}
