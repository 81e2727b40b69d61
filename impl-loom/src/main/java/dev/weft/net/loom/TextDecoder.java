// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weft.net.Encoding;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.HexFormat;

/**
 * Turns the bytes of a stream into text, chunk by chunk, however the network has cut them: the decoder behind
 * {@code Stream.setEncoding}.
 *
 * <p>Bytes that begin a character (UTF-8) or a group of three (base64) are held until the rest arrives, so the strings
 * put together are what the whole input would have given, and no surrogate pair is split between two of them. Bytes
 * that are not UTF-8 become U+FFFD, one for each maximal subpart as in the WHATWG Encoding Standard. What each call
 * returns is what Node's {@code StringDecoder} returns for the same chunk.
 *
 * <p><b>Threading.</b> Belongs to one stream and is not thread-safe: use it in that stream's turns.
 */
final class TextDecoder {
    private static final char REPLACEMENT = '\uFFFD';
    private static final int BASE64_GROUP = 3;
    /** A character of UTF-8 has four bytes at most, so no more than three ever wait for the rest. */
    private static final int MAX_HELD = 3;

    private final Encoding encoding;
    private final byte[] held = new byte[MAX_HELD];
    private int heldCount;

    TextDecoder(Encoding encoding) {
        this.encoding = encoding;
    }

    /**
     * Decodes all that {@code chunk} completes. Its position and limit stay as they are, and nothing refers to it
     * afterwards.
     *
     * @param chunk bytes from position to limit, of any kind of buffer
     * @return the text, empty if nothing is complete yet
     */
    String decode(ByteBuffer chunk) {
        int length = chunk.remaining();
        if (heldCount == 0 && chunk.hasArray()) {
            int from = chunk.arrayOffset() + chunk.position();
            return decode(chunk.array(), from, from + length);
        }
        byte[] joined = new byte[heldCount + length];
        System.arraycopy(held, 0, joined, 0, heldCount);
        chunk.get(chunk.position(), joined, heldCount, length);
        return decode(joined, 0, joined.length);
    }

    /**
     * Flushes what is still held, at the end of the input. The decoder is then as new.
     *
     * @return the text of the held bytes, empty if there are none
     */
    String end() {
        String rest = text(held, 0, heldCount);
        heldCount = 0;
        return rest;
    }

    private String decode(byte[] bytes, int from, int to) {
        int complete = to - incompleteTail(bytes, from, to);
        heldCount = to - complete;
        System.arraycopy(bytes, complete, held, 0, heldCount);
        return text(bytes, from, complete);
    }

    private int incompleteTail(byte[] bytes, int from, int to) {
        return switch (encoding) {
            case UTF8 -> incompleteUtf8(bytes, from, to);
            case BASE64 -> (to - from) % BASE64_GROUP;
            case ASCII, LATIN1, HEX -> 0;
        };
    }

    /**
     * Returns how many of the last bytes announce more than has arrived. Like Node, goes by the lead byte's length bits
     * only, also where no valid character can follow.
     */
    private static int incompleteUtf8(byte[] bytes, int from, int to) {
        int start = Math.max(from, to - MAX_HELD);
        for (int at = to - 1; at >= start; at--) {
            int announced = leadingOnes(bytes[at]);
            if (announced != 1) {
                int arrived = to - at;
                return announced > arrived && announced <= 4 ? arrived : 0;
            }
        }
        return 0;
    }

    /** 0 for ASCII, 1 for a continuation byte, 2 to 4 for the lead of so many bytes, more for what is never UTF-8. */
    private static int leadingOnes(byte b) {
        return Integer.numberOfLeadingZeros(~(b << 24));
    }

    private String text(byte[] bytes, int from, int to) {
        if (from == to) {
            return "";
        }
        return switch (encoding) {
            case UTF8 -> utf8(bytes, from, to);
            case ASCII -> ascii(bytes, from, to);
            case LATIN1 -> new String(bytes, from, to - from, ISO_8859_1);
            case BASE64 -> base64(bytes, from, to);
            case HEX -> HexFormat.of().formatHex(bytes, from, to);
        };
    }

    private static String utf8(byte[] bytes, int from, int to) {
        String text = new String(bytes, from, to - from, UTF_8);
        // The JDK gives an encoded surrogate (ED A0 80) one U+FFFD, WHATWG and Node three. Text of Latin-1 characters
        // answers indexOf at once, other text with a vectorised scan.
        return text.indexOf(REPLACEMENT) < 0 ? text : utf8WithReplacements(bytes, from, to);
    }

    /** The decoder of the WHATWG Encoding Standard, for input that is malformed or itself contains U+FFFD. */
    private static String utf8WithReplacements(byte[] bytes, int from, int to) {
        StringBuilder text = new StringBuilder(to - from);
        int at = from;
        while (at < to) {
            byte lead = bytes[at];
            int length = sequenceLength(lead);
            int codePoint = length == 1 ? lead : lead & (0x7F >> length);
            int end = at + 1;
            while (end < to && end - at < length && canFollow(lead, end - at, bytes[end])) {
                codePoint = (codePoint << 6) | (bytes[end] & 0x3F);
                end++;
            }
            text.appendCodePoint(end - at == length ? codePoint : REPLACEMENT);
            at = end;
        }
        return text.toString();
    }

    /** Returns how many bytes a character takes that begins with {@code lead}: 0 if none does. */
    private static int sequenceLength(byte lead) {
        int unsigned = lead & 0xFF;
        if (unsigned < 0x80) {
            return 1;
        }
        return unsigned < 0xC2 || unsigned > 0xF4 ? 0 : leadingOnes(lead);
    }

    private static boolean canFollow(byte lead, int index, byte next) {
        if (leadingOnes(next) != 1) {
            return false;
        }
        return index > 1 || canBeSecond(lead & 0xFF, next & 0xFF);
    }

    private static boolean canBeSecond(int lead, int continuation) {
        return switch (lead) {
            case 0xE0 -> continuation >= 0xA0; // below: fits two bytes
            case 0xED -> continuation <= 0x9F; // above: a surrogate
            case 0xF0 -> continuation >= 0x90; // below: fits three bytes
            case 0xF4 -> continuation <= 0x8F; // above: beyond U+10FFFF
            default -> true;
        };
    }

    private static String ascii(byte[] bytes, int from, int to) {
        String text = new String(bytes, from, to - from, US_ASCII);
        return text.indexOf(REPLACEMENT) < 0 ? text : ascii7(bytes, from, to);
    }

    private static String ascii7(byte[] bytes, int from, int to) {
        byte[] masked = new byte[to - from];
        for (int i = 0; i < masked.length; i++) {
            masked[i] = (byte) (bytes[from + i] & 0x7F);
        }
        return new String(masked, US_ASCII);
    }

    private static String base64(byte[] bytes, int from, int to) {
        ByteBuffer encoded = Base64.getEncoder().encode(ByteBuffer.wrap(bytes, from, to - from));
        return new String(encoded.array(), 0, encoded.limit(), ISO_8859_1);
    }
}
