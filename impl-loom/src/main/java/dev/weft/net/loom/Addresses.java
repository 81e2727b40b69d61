// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import org.jspecify.annotations.Nullable;

/** Socket addresses as text: the one canonical form of RFC 5952, where the JDK writes {@code 0:0:0:0:0:0:0:1}. */
final class Addresses {
    private static final int GROUPS = 8;

    private Addresses() {}

    /** The literal address alone, or null for what has none. */
    static @Nullable String host(@Nullable SocketAddress address) {
        return address instanceof InetSocketAddress inet && inet.getAddress() != null
                ? literal(inet.getAddress())
                : null;
    }

    /** False for what is not known, and for the end of a Unix socket that has connected without being bound. */
    static boolean isNamed(@Nullable SocketAddress address) {
        return address instanceof UnixDomainSocketAddress unix
                ? !unix.getPath().toString().isEmpty()
                : address != null;
    }

    static int port(@Nullable SocketAddress address) {
        return address instanceof InetSocketAddress inet ? inet.getPort() : 0;
    }

    /** Address and port, {@code 127.0.0.1:80} or {@code [::1]:80}; for other kinds of addresses their own text. */
    static String text(@Nullable SocketAddress address) {
        if (!(address instanceof InetSocketAddress inet)) {
            return String.valueOf(address);
        }
        InetAddress ip = inet.getAddress();
        if (ip == null) {
            return inet.getHostString() + ":" + inet.getPort();
        }
        String literal = literal(ip);
        return (ip instanceof Inet6Address ? "[" + literal + "]" : literal) + ":" + inet.getPort();
    }

    static String literal(InetAddress ip) {
        if (!(ip instanceof Inet6Address ip6)) {
            return ip.getHostAddress();
        }
        String text = compress(ip6.getAddress());
        if (ip6.getScopedInterface() != null) {
            return text + "%" + ip6.getScopedInterface().getName();
        }
        return ip6.getScopeId() == 0 ? text : text + "%" + ip6.getScopeId();
    }

    /** RFC 5952, 4: lower case, no leading zeros, the first longest run of two or more zero groups is {@code ::}. */
    private static String compress(byte[] bytes) {
        int[] groups = new int[GROUPS];
        for (int i = 0; i < GROUPS; i++) {
            groups[i] = ((bytes[2 * i] & 0xff) << 8) | (bytes[2 * i + 1] & 0xff);
        }
        int from = 0;
        int length = 1;
        for (int i = 0; i < GROUPS; i++) {
            int run = zeros(groups, i);
            if (run > length) {
                from = i;
                length = run;
            }
        }
        StringBuilder text = new StringBuilder(39);
        for (int i = 0; i < GROUPS; i++) {
            if (length > 1 && i == from) {
                text.append("::");
                i += length - 1;
                continue;
            }
            if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
                text.append(':');
            }
            text.append(Integer.toHexString(groups[i]));
        }
        return text.toString();
    }

    private static int zeros(int[] groups, int from) {
        int end = from;
        while (end < GROUPS && groups[end] == 0) {
            end++;
        }
        return end - from;
    }
}
