// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.util.Random;
import java.util.zip.CRC32C;

/** Bytes that look random and are the same on every run. */
public final class Payload {
    private Payload() {}

    /** {@return so many bytes, which the seed decides} */
    public static byte[] bytes(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** {@return so many letters, which the seed decides} */
    public static String letters(long seed, int length) {
        return new Random(seed)
                .ints(length, 'a', 'z' + 1)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /** {@return a text that differs if the bytes do: their number and a checksum} */
    public static String summary(byte[] bytes) {
        CRC32C sum = new CRC32C();
        sum.update(bytes);
        return bytes.length + " bytes, crc " + Long.toHexString(sum.getValue());
    }
}
