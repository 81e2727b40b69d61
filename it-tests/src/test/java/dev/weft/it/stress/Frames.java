// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Takes apart what several threads have written to one stream. A frame is what one call wrote: a thread's number (4
 * bytes), a length (4 bytes), and so many bytes of that thread's own.
 */
final class Frames {
    static final int HEADER = 8;

    private final MessageDigest[] digests;
    private ByteBuffer header = ByteBuffer.allocate(HEADER);
    private int thread;
    private int left;

    Frames(int threads) {
        digests = IntStream.range(0, threads).mapToObj(i -> Bytes.sha256()).toArray(MessageDigest[]::new);
    }

    static byte[] frame(int thread, byte[] content) {
        return ByteBuffer.allocate(HEADER + content.length)
                .putInt(thread)
                .putInt(content.length)
                .put(content)
                .array();
    }

    void add(ByteBuffer data) {
        ByteBuffer rest = data.duplicate();
        while (rest.hasRemaining()) {
            if (left > 0) {
                int n = Math.min(left, rest.remaining());
                digests[thread].update(rest.slice(rest.position(), n));
                rest.position(rest.position() + n);
                left -= n;
            } else {
                header.put(rest.get());
                if (!header.hasRemaining()) {
                    begin();
                }
            }
        }
    }

    private void begin() {
        thread = header.flip().getInt();
        left = header.getInt();
        header = ByteBuffer.allocate(HEADER);
        if (thread < 0 || thread >= digests.length || left <= 0) {
            throw new AssertionError("a frame was torn: thread " + thread + ", length " + left);
        }
    }

    /** The checksum of each thread's bytes. */
    List<String> sha256Hex() {
        if (left != 0 || header.position() != 0) {
            throw new AssertionError("the last frame is not whole: " + left + " bytes are missing");
        }
        return Arrays.stream(digests).map(Bytes::hex).toList();
    }
}
