// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import dev.weft.net.AbstractAddress;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.util.Arrays;

/** {@code sockaddr_in}, {@code sockaddr_in6} and {@code sockaddr_un}, as Linux lays them out, each after the family. */
final class RawAddress {
    private static final int FAMILY = Short.BYTES;

    private RawAddress() {}

    /** Where a socket is bound; {@link Posix#require} was called. */
    static SocketAddress of(int fd) throws IOException {
        ByteBuffer raw = Posix.address(fd);
        return decode(raw, Posix.option(fd, Posix.SOL_SOCKET, Posix.SO_DOMAIN));
    }

    static ProtocolFamily family(int fd) throws IOException {
        int family = Posix.option(fd, Posix.SOL_SOCKET, Posix.SO_DOMAIN);
        return switch (family) {
            case Posix.AF_UNIX -> StandardProtocolFamily.UNIX;
            case Posix.AF_INET -> StandardProtocolFamily.INET;
            case Posix.AF_INET6 -> StandardProtocolFamily.INET6;
            default -> throw unknown(family);
        };
    }

    /**
     * An address from what the system gives.
     *
     * @param raw in the machine's byte order
     */
    static SocketAddress decode(ByteBuffer raw, int family) throws IOException {
        return switch (family) {
            case Posix.AF_UNIX -> unix(bytes(raw, FAMILY, Math.max(0, raw.limit() - FAMILY)));
            case Posix.AF_INET -> new InetSocketAddress(InetAddress.getByAddress(bytes(raw, 4, 4)), port(raw));
            case Posix.AF_INET6 -> new InetSocketAddress(ipv6(bytes(raw, 8, 16), raw.getInt(24)), port(raw));
            default -> throw unknown(family);
        };
    }

    private static SocketException unknown(int family) {
        return new SocketException("the descriptor is a socket of address family " + family
                + ", and must be of AF_UNIX (1), AF_INET (2) or AF_INET6 (10)");
    }

    /** As the JDK has it, an IPv4 address that is mapped into IPv6 is an IPv4 address. */
    private static InetAddress ipv6(byte[] bytes, int scope) throws IOException {
        return scope == 0 ? InetAddress.getByAddress(bytes) : Inet6Address.getByAddress(null, bytes, scope);
    }

    private static int port(ByteBuffer raw) {
        return raw.duplicate().order(ByteOrder.BIG_ENDIAN).getShort(FAMILY) & 0xffff;
    }

    private static byte[] bytes(ByteBuffer raw, int from, int length) {
        byte[] bytes = new byte[length];
        raw.get(from, bytes);
        return bytes;
    }

    /** A name that begins with a zero byte is an abstract one, and may have more of them; a path ends at the first. */
    private static SocketAddress unix(byte[] name) {
        if (name.length > 1 && name[0] == 0) {
            return AbstractAddress.of(Arrays.copyOfRange(name, 1, name.length));
        }
        int length = 0;
        while (length < name.length && name[length] != 0) {
            length++;
        }
        Charset encoding = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
        return UnixDomainSocketAddress.of(new String(name, 0, length, encoding));
    }
}
