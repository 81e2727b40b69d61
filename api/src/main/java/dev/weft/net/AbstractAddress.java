// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import java.io.Serial;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A name in Linux's abstract namespace of Unix sockets: no file stands for it, and it is free again as soon as no one listens
 * ({@code unix(7)}). Written with a leading {@code @}, as {@code ss} and {@code socat} do. There are no permissions: anyone in
 * the same network namespace may connect.
 *
 * <p><b>Threading</b>: immutable.
 *
 * @since 0.1
 */
public final class AbstractAddress extends SocketAddress {
    /** How many bytes a name has at most: {@code sun_path} has 108, and the first one says that it is abstract. */
    public static final int MAX_LENGTH = 107;

    @Serial
    private static final long serialVersionUID = 1;

    /** Without the leading zero byte. */
    private final byte[] name;

    private AbstractAddress(byte[] name) {
        this.name = name;
    }

    /**
     * An address.
     *
     * @param name without the {@code @}, 1 to {@link #MAX_LENGTH} bytes in UTF-8
     * @return the address
     * @throws IllegalArgumentException if it is empty or too long
     */
    public static AbstractAddress of(String name) {
        return of(name.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * An address with any bytes, zero bytes too.
     *
     * @param name 1 to {@link #MAX_LENGTH} bytes, copied
     * @return the address
     * @throws IllegalArgumentException if it is empty or too long
     */
    public static AbstractAddress of(byte[] name) {
        if (name.length == 0 || name.length > MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "abstract name not within 1 to " + MAX_LENGTH + " bytes: " + name.length + " bytes, " + text(name));
        }
        return new AbstractAddress(name.clone());
    }

    /** {@return the bytes of the name, without the zero byte that goes before them; a copy} */
    public byte[] name() {
        return name.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AbstractAddress address && Arrays.equals(name, address.name);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(name);
    }

    /** {@return the name with a leading {@code @}; zero bytes in it are written as {@code @} too} */
    @Override
    public String toString() {
        return text(name);
    }

    private static String text(byte[] name) {
        return "@" + new String(name, StandardCharsets.UTF_8).replace('\0', '@');
    }
}
