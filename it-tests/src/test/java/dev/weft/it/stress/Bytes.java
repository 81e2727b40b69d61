// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;

/** Bytes that a seed stands for, in chunks, and the checksum of those that were taken. Belongs to one thread. */
public final class Bytes {
    private final Random random;
    private final MessageDigest digest = sha256();
    private long left;

    /**
     * So many bytes.
     *
     * @param count of all of them
     * @param seed of their values
     */
    public Bytes(long count, long seed) {
        this.left = count;
        this.random = new Random(seed);
    }

    /** {@return whether there are more} */
    public boolean hasNext() {
        return left > 0;
    }

    /**
     * {@return the next of them, fewer only at the end}
     *
     * @param size how many
     */
    public byte[] next(int size) {
        byte[] chunk = new byte[(int) Math.min(size, left)];
        random.nextBytes(chunk);
        digest.update(chunk);
        left -= chunk.length;
        return chunk;
    }

    /** {@return the SHA-256 of what was taken; may be asked for once} */
    public String sha256Hex() {
        return hex(digest);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    static byte[] array(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
