// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/** As much of DER (X.690) as it takes to name a key's algorithm and to read a distinguished name. */
final class Der {
    static final int INTEGER = 0x02;
    static final int OCTET_STRING = 0x04;
    static final int OID = 0x06;
    static final int BMP_STRING = 0x1e;
    static final int UNIVERSAL_STRING = 0x1c;
    static final int SEQUENCE = 0x30;
    static final int SET = 0x31;

    /** One value: what its tag is, and its content. */
    static final class Value {
        private final int tag;
        private final byte[] content;

        private Value(int tag, byte[] content) {
            this.tag = tag;
            this.content = content;
        }

        int tag() {
            return tag;
        }

        byte[] content() {
            return content;
        }

        /** Itself as it is encoded. */
        byte[] encoded() {
            return encode(tag, content);
        }

        /** What is in it. */
        Der inside() {
            return new Der(content);
        }

        /** The dotted text of an object identifier. */
        String oid() {
            StringBuilder text = new StringBuilder();
            long part = 0;
            for (byte b : content) {
                part = (part << 7) | (b & 0x7f);
                if (b >= 0) {
                    if (text.isEmpty()) {
                        long root = Math.min(part / 40, 2);
                        text.append(root).append('.').append(part - 40 * root);
                    } else {
                        text.append('.').append(part);
                    }
                    part = 0;
                }
            }
            return text.toString();
        }
    }

    private final ByteBuffer rest;

    Der(byte[] bytes) {
        rest = ByteBuffer.wrap(bytes);
    }

    boolean hasNext() {
        return rest.hasRemaining();
    }

    /**
     * @throws IllegalArgumentException if this is no DER
     */
    Value next() {
        try {
            int tag = rest.get() & 0xff;
            int length = rest.get() & 0xff;
            if (length > 0x80) {
                int bytes = length & 0x7f;
                length = 0;
                for (int i = 0; i < bytes; i++) {
                    length = Math.multiplyExact(length, 256) + (rest.get() & 0xff);
                }
            }
            byte[] content = new byte[length <= rest.remaining() ? length : -1];
            rest.get(content);
            return new Value(tag, content);
        } catch (BufferUnderflowException | ArithmeticException | NegativeArraySizeException e) {
            throw new IllegalArgumentException("it is cut, or no DER", e);
        }
    }

    /**
     * @throws IllegalArgumentException if something else comes
     */
    Value next(int tag) {
        Value value = next();
        if (value.tag != tag) {
            throw new IllegalArgumentException(
                    "it is no DER of this kind: tag " + value.tag + " where " + tag + " should be");
        }
        return value;
    }

    static byte[] encode(int tag, byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(tag);
        if (length < 0x80) {
            bytes.write(length);
        } else {
            int lengthBytes = (Integer.SIZE - Integer.numberOfLeadingZeros(length) + 7) / 8;
            bytes.write(0x80 | lengthBytes);
            for (int i = lengthBytes - 1; i >= 0; i--) {
                bytes.write(length >>> (8 * i));
            }
        }
        for (byte[] part : parts) {
            bytes.writeBytes(part);
        }
        return bytes.toByteArray();
    }
}
