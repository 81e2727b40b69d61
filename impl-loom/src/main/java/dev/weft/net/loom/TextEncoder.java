// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weft.net.Encoding;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;

/**
 * Turns text into the bytes to send: the encoder behind {@code Stream.write(String, Encoding)}.
 *
 * <p>The bytes are those that Node sends. Where Node would drop a part of the text without a word (base64 and
 * hexadecimal that are none), this throws instead.
 *
 * <p><b>Threading.</b> Stateless; call it from any thread.
 */
final class TextEncoder {
    private static final String BASE64_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    private static final byte[] SEXTETS = sextets();
    private static final int BASE64_GROUP = 4;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final long LOW_BITS = 0x7F7F7F7F7F7F7F7FL;
    private static final long QUESTION_MARKS = 0x3F3F3F3F3F3F3F3FL;

    private TextEncoder() {}

    /**
     * Returns the bytes of {@code text} in a new array.
     *
     * @param text the text; for {@code BASE64} and {@code HEX}, the notation of the bytes to send
     * @param encoding {@code UTF8}: a lone surrogate becomes U+FFFD, the bytes EF BF BD; {@code ASCII} and {@code
     *     LATIN1}: the low byte of each UTF-16 unit; {@code BASE64}: either alphabet, ASCII white space is skipped,
     *     padding may be missing; {@code HEX}: two digits a byte, upper or lower case, nothing between them
     * @throws IllegalArgumentException if {@code text} is not base64, or not hexadecimal, where it should be
     */
    static byte[] encode(String text, Encoding encoding) {
        return switch (encoding) {
            case UTF8 -> utf8(text);
            case ASCII, LATIN1 -> lowBytes(text);
            case BASE64 -> base64(text);
            case HEX -> hex(text);
        };
    }

    /*
     * The JDK writes '?' for a lone surrogate. To look for surrogates first, charAt by charAt, would cost several times
     * what encoding ASCII costs, which the JDK does by whole words. So the result is searched, by words too: each lone
     * surrogate has left one '?' in it that is not in the text.
     */
    private static byte[] utf8(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        int marks = questionMarks(bytes);
        if (marks == 0 || marks == questionMarks(text)) {
            return bytes;
        }
        return withoutLoneSurrogates(text).getBytes(UTF_8);
    }

    private static int questionMarks(byte[] bytes) {
        int count = 0;
        int at = 0;
        for (; at <= bytes.length - Long.BYTES; at += Long.BYTES) {
            // Zero bytes are what we count now; the sum sets the top bit of all others, and carries into no neighbour.
            long difference = (long) LONGS.get(bytes, at) ^ QUESTION_MARKS;
            count += Long.bitCount(~(((difference & LOW_BITS) + LOW_BITS) | difference | LOW_BITS));
        }
        for (; at < bytes.length; at++) {
            count += bytes[at] == '?' ? 1 : 0;
        }
        return count;
    }

    private static int questionMarks(String text) {
        int count = 0;
        for (int at = text.indexOf('?'); at >= 0; at = text.indexOf('?', at + 1)) {
            count++;
        }
        return count;
    }

    private static String withoutLoneSurrogates(String text) {
        StringBuilder whole = new StringBuilder(text.length());
        // A surrogate that comes out as a code point of its own is one without its partner.
        text.codePoints()
                .map(codePoint -> Character.getType(codePoint) == Character.SURROGATE ? 0xFFFD : codePoint)
                .forEach(whole::appendCodePoint);
        return whole.toString();
    }

    /** Deprecated for exactly what is wanted here: it drops the high byte. */
    @SuppressWarnings("deprecation")
    private static byte[] lowBytes(String text) {
        byte[] bytes = new byte[text.length()];
        text.getBytes(0, bytes.length, bytes, 0);
        return bytes;
    }

    private static byte[] base64(String text) {
        byte[] bytes = new byte[(int) (text.length() * 3L / BASE64_GROUP)];
        int count = 0;
        int bits = 0;
        int digits = 0;
        int padding = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '=') {
                padding++;
            } else if (!isWhitespace(c)) {
                bits = (bits << 6) | sextet(text, i, padding);
                int place = digits++ % BASE64_GROUP;
                if (place > 0) {
                    bytes[count++] = (byte) (bits >> (2 * (BASE64_GROUP - 1 - place)));
                }
            }
        }
        requireWholeBytes(digits, padding);
        return count == bytes.length ? bytes : Arrays.copyOf(bytes, count);
    }

    private static int sextet(String text, int index, int padding) {
        char c = text.charAt(index);
        int sextet = c < SEXTETS.length ? SEXTETS[c] : -1;
        if (sextet < 0) {
            throw refused("base64", text, index, "is not one of A-Z a-z 0-9 + / - _, padding or white space");
        }
        if (padding > 0) {
            throw refused("base64", text, index, "follows padding, which can only end the text");
        }
        return sextet;
    }

    private static void requireWholeBytes(int digits, int padding) {
        if (digits % BASE64_GROUP == 1) {
            throw new IllegalArgumentException(
                    "base64: " + digits + " digits; the last is alone in its group of four, and a byte needs two");
        }
        if (padding > 2 || (padding > 0 && (digits + padding) % BASE64_GROUP != 0)) {
            throw new IllegalArgumentException("base64: " + digits + " digits, then " + padding
                    + " of '='; padding may be missing, but else must fill up the last group of four");
        }
    }

    private static byte[] hex(String text) {
        byte[] bytes = new byte[text.length() / 2];
        for (int i = 0; i < text.length(); i++) {
            if (!HexFormat.isHexDigit(text.charAt(i))) {
                throw refused("hex", text, i, "is not one of 0-9 a-f A-F");
            }
            if (i % 2 == 1) {
                bytes[i / 2] = (byte) HexFormat.fromHexDigits(text, i - 1, i + 1);
            }
        }
        if (text.length() % 2 != 0) {
            throw refused("hex", text, text.length() - 1, "has no partner, and a byte needs two digits");
        }
        return bytes;
    }

    /** The white space of the WHATWG Infra Standard, which knows no vertical tab. */
    private static boolean isWhitespace(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
    }

    private static IllegalArgumentException refused(String encoding, String text, int index, String rule) {
        int codePoint = text.codePointAt(index);
        // Only what cannot garble a log line is shown as itself.
        String shown = codePoint > ' ' && codePoint < 0x7F ? "'" + (char) codePoint + "' " : "";
        String name = String.format(Locale.ROOT, "(U+%04X)", codePoint);
        return new IllegalArgumentException(
                encoding + ": character " + shown + name + " at index " + index + " " + rule);
    }

    private static byte[] sextets() {
        byte[] sextets = new byte[128];
        Arrays.fill(sextets, (byte) -1);
        for (int i = 0; i < BASE64_ALPHABET.length(); i++) {
            sextets[BASE64_ALPHABET.charAt(i)] = (byte) i;
        }
        sextets['-'] = sextets['+'];
        sextets['_'] = sextets['/'];
        return sextets;
    }
}
