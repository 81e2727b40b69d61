// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.weft.net.Encoding;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes are written in hexadecimal. Repeat a fuzz failure with {@code -Dweft.fuzz.seed=} the seed in its message. */
class TextEncoderTest {
    private static final HexFormat HEX = HexFormat.of();
    private static final List<Encoding> ENCODINGS = List.of(Encoding.values());
    private static final String NODE_PROGRAM = """
        const lines = require('fs').readFileSync(0, 'latin1').split('\\n');
        process.stdout.write(lines.map((line) => {
          const [encoding, units] = line.split(' ');
          const text = Buffer.from(units, 'hex').swap16().toString('utf16le');
          return Buffer.from(text, encoding).toString('hex');
        }).join('\\n'));
        """;

    private final long seed = Long.getLong("weft.fuzz.seed", System.nanoTime());

    @ParameterizedTest
    @EnumSource
    void emptyTextGivesNoBytes(Encoding encoding) {
        assertEncoded("", "", encoding);
    }

    @ParameterizedTest
    @CsvSource({
        "a, 61",
        "?, 3f",
        "\u00E9, c3a9",
        "\u20AC, e282ac",
        "\uD83D\uDE00, f09f9880",
        "\uFFFD, efbfbd",
        "\uFEFF, efbbbf",
        "GET /?q=\u00E9&?, 474554202f3f713dc3a9263f",
    })
    void wellFormedTextIsPlainUtf8(String text, String bytes) {
        assertEncoded(bytes, text, Encoding.UTF8);
    }

    @Test
    void loneSurrogateBecomesTheReplacementCharacter() {
        assertEncoded("efbfbd", "\uD800", Encoding.UTF8);
        assertEncoded("efbfbd", "\uDFFF", Encoding.UTF8);
        assertEncoded("efbfbd61efbfbdefbfbdf09f9880", "\uD800a\uDC00\uDC00\uD83D\uDE00", Encoding.UTF8);
        assertEncoded("efbfbdf09f9880", "\uD83D\uD83D\uDE00", Encoding.UTF8);
        assertEncoded("f09f9880efbfbd", "\uD83D\uDE00\uDE00", Encoding.UTF8);
        assertEncoded("efbfbdefbfbd", "\uDE00\uD83D", Encoding.UTF8);
    }

    @Test
    void loneSurrogateIsFoundAmongQuestionMarksAtEveryPlace() {
        for (int length = 1; length < 40; length++) {
            for (int place = 0; place < length; place++) {
                String before = "?a".repeat(length).substring(0, place);
                String after = "b?".repeat(length).substring(0, length - place - 1);
                assertArrayEquals(
                        (before + "\uFFFD" + after).getBytes(UTF_8),
                        TextEncoder.encode(before + "\uDC00" + after, Encoding.UTF8));
            }
        }
    }

    @Test
    void everyUnitThatIsNoSurrogateIsEncodedAsTheJdkDoes() {
        for (int unit = 0; unit <= 0xFFFF; unit++) {
            String text = "?" + (char) unit + "12345678";
            boolean surrogate = Character.isSurrogate((char) unit);
            String expected = surrogate ? "?\uFFFD12345678" : text;
            assertArrayEquals(expected.getBytes(UTF_8), TextEncoder.encode(text, Encoding.UTF8));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"ASCII", "LATIN1"})
    void asciiAndLatin1SendTheLowByteOfEachUnit(Encoding encoding) {
        assertEncoded("00417f80ff", "\0A\u007F\u0080\u00FF", encoding);
        assertEncoded("41ac3d00", "\u0141\u20AC\uD83D\uDE00", encoding);
    }

    @ParameterizedTest
    @CsvSource({
        "YQ==, 61",
        "YQ, 61",
        "YWI=, 6162",
        "YWI, 6162",
        "YWJj, 616263",
        "+/+/, fbffbf",
        "-_-_, fbffbf",
        "+/-_, fbffbf",
        "YR==, 61",
        "'Y Q = =', 61",
    })
    void bothAlphabetsOfBase64AreReadWithOrWithoutPadding(String text, String bytes) {
        assertEncoded(bytes, text, Encoding.BASE64);
    }

    @Test
    void whiteSpaceInBase64IsSkipped() {
        assertEncoded("616263", " Y\tW\r\nJ\fj \n", Encoding.BASE64);
        assertEncoded("61", "YQ==\r\n", Encoding.BASE64);
        assertEncoded("", " \t\r\n\f", Encoding.BASE64);
    }

    @ParameterizedTest
    @CsvSource({
        "YW*j, 'character ''*'' (U+002A) at index 2'",
        "'YWJj,', 'character '','' (U+002C) at index 4'",
        "YWJ\u00E9, 'character (U+00E9) at index 3'",
        "YW\uD83D\uDE00, 'character (U+1F600) at index 2'",
        "\uFF39WJj, 'character (U+FF39) at index 0'",
        "YW\u000BJj, 'character (U+000B) at index 2'",
        "YW\u00A0Jj, 'character (U+00A0) at index 2'",
        "YQ\u007F, 'character (U+007F) at index 2'",
        "YQ\u0080, 'character (U+0080) at index 2'",
        "YQ\uFFFF, 'character (U+FFFF) at index 2'",
    })
    void characterThatIsNotBase64IsNamedWithItsIndex(String text, String message) {
        assertEquals(
                "base64: " + message + " is not one of A-Z a-z 0-9 + / - _, padding or white space",
                refusal(text, Encoding.BASE64));
    }

    @ParameterizedTest
    @CsvSource({"YQ==YQ==, Y, 4", "YQ=I, I, 3", "=YQ=, Y, 1", "'YQ= \nj', j, 5"})
    void base64AfterItsPaddingIsRefused(String text, char character, int index) {
        String name = "'" + character + "' (U+" + HEX.withUpperCase().toHexDigits(character) + ")";
        assertEquals(
                "base64: character " + name + " at index " + index + " follows padding, which can only end the text",
                refusal(text.replace("\\n", "\n"), Encoding.BASE64));
    }

    @ParameterizedTest
    @CsvSource({"Y, 1", "YWJjY, 5", "Y===, 1", "'YWJj\nY', 5"})
    void digitOfBase64ThatMakesNoByteIsRefused(String text, int digits) {
        assertEquals(
                "base64: " + digits + " digits; the last is alone in its group of four, and a byte needs two",
                refusal(text, Encoding.BASE64));
    }

    @ParameterizedTest
    @CsvSource({"YQ=, 2, 1", "YQ===, 2, 3", "YWI==, 3, 2", "YWJj=, 4, 1", "YWJj====, 4, 4", "=, 0, 1", "====, 0, 4"})
    void paddingThatDoesNotFillUpTheGroupIsRefused(String text, int digits, int padding) {
        assertEquals(
                "base64: " + digits + " digits, then " + padding
                        + " of '='; padding may be missing, but else must fill up the last group of four",
                refusal(text, Encoding.BASE64));
    }

    @Test
    void hexIsReadInEitherCase() {
        assertEncoded("00ff1eabcdef", "00fF1eABCDef", Encoding.HEX);
    }

    @ParameterizedTest
    @CsvSource({
        "0x41, 'character ''x'' (U+0078) at index 1'",
        "414g, 'character ''g'' (U+0067) at index 3'",
        "'41 42', 'character (U+0020) at index 2'",
        "4\uFF11, 'character (U+FF11) at index 1'",
        "4142\u0661, 'character (U+0661) at index 4'",
        "\uD83D\uDE00, 'character (U+1F600) at index 0'",
    })
    void characterThatIsNotHexIsNamedWithItsIndex(String text, String message) {
        assertEquals("hex: " + message + " is not one of 0-9 a-f A-F", refusal(text, Encoding.HEX));
    }

    @ParameterizedTest
    @ValueSource(strings = {"4", "414", "41424"})
    void oddNumberOfHexDigitsIsRefused(String text) {
        assertEquals(
                "hex: character '4' (U+0034) at index " + (text.length() - 1)
                        + " has no partner, and a byte needs two digits",
                refusal(text, Encoding.HEX));
    }

    @Test
    void everyTextThatWasDecodedIsEncodedToTheSameBytes() {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextInt(50)];
            random.nextBytes(bytes);
            for (Encoding encoding : List.of(Encoding.LATIN1, Encoding.BASE64, Encoding.HEX)) {
                assertArrayEquals(bytes, TextEncoder.encode(decode(bytes, encoding), encoding), () -> "seed " + seed);
            }
            String text = Texts.wellFormed(random);
            assertEquals(text, decode(TextEncoder.encode(text, Encoding.UTF8), Encoding.UTF8), () -> "seed " + seed);
        }
    }

    @Test
    void everyTextIsSentAsNodeSendsIt(@TempDir Path dir) throws IOException, InterruptedException {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> texts = new ArrayList<>();
        List<Encoding> encodings = new ArrayList<>();
        List<String> questions = new ArrayList<>();
        for (int i = 0; i < 100_000; i++) {
            Encoding encoding = ENCODINGS.get(random.nextInt(ENCODINGS.size()));
            String text = Texts.of(encoding, random);
            texts.add(text);
            encodings.add(encoding);
            questions.add(encoding + " " + units(text));
        }
        List<String> answers = TextDecoderTest.askNode(dir, NODE_PROGRAM, questions);
        assertEquals(questions.size(), answers.size());
        for (int i = 0; i < answers.size(); i++) {
            String question = questions.get(i);
            String bytes = HEX.formatHex(TextEncoder.encode(texts.get(i), encodings.get(i)));
            assertEquals(answers.get(i), bytes, () -> "seed " + seed + ", " + question);
        }
    }

    private static void assertEncoded(String bytes, String text, Encoding encoding) {
        assertEquals(bytes, HEX.formatHex(TextEncoder.encode(text, encoding)));
    }

    private static @Nullable String refusal(String text, Encoding encoding) {
        return assertThrows(IllegalArgumentException.class, () -> TextEncoder.encode(text, encoding))
                .getMessage();
    }

    private static String decode(byte[] bytes, Encoding encoding) {
        TextDecoder decoder = new TextDecoder(encoding);
        return decoder.decode(ByteBuffer.wrap(bytes)) + decoder.end();
    }

    /** Not through a charset, which would replace lone surrogates. */
    private static String units(String text) {
        return text.chars().mapToObj(unit -> HEX.toHexDigits((char) unit)).collect(Collectors.joining());
    }

    /** Random texts that are valid in their encoding. */
    private static final class Texts {
        private static final String UNITS =
                "ab?? \0\u007F\u0080\u00E9\u00FF\u0141\u20AC\uFFFD\uFFFF\uD800\uDBFF\uDC00\uDFFF";

        static String of(Encoding encoding, SplittableRandom random) {
            return switch (encoding) {
                case UTF8, ASCII, LATIN1 -> units(random);
                case BASE64 -> base64(random);
                case HEX -> hex(random);
            };
        }

        static String wellFormed(SplittableRandom random) {
            return random.ints(random.nextInt(30), 0, Character.MAX_CODE_POINT + 1)
                    .map(c -> random.nextBoolean() ? c & 0x7FF : c)
                    .filter(c -> Character.getType(c) != Character.SURROGATE)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
        }

        /** Surrogates in any order, so both in pairs and alone. */
        private static String units(SplittableRandom random) {
            return random.ints(random.nextInt(40), 0, UNITS.length())
                    .mapToObj(i -> UNITS.substring(i, i + 1))
                    .collect(Collectors.joining());
        }

        private static String base64(SplittableRandom random) {
            byte[] bytes = bytes(random);
            Base64.Encoder encoder = random.nextBoolean() ? Base64.getEncoder() : Base64.getUrlEncoder();
            String text = (random.nextBoolean() ? encoder : encoder.withoutPadding()).encodeToString(bytes);
            StringBuilder spaced = new StringBuilder();
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (random.nextInt(10) == 0) {
                    spaced.append(" \t\r\n\f".charAt(random.nextInt(5)));
                }
                spaced.append(c == '+' && random.nextBoolean() ? '-' : c);
            }
            return spaced.toString();
        }

        private static String hex(SplittableRandom random) {
            return (random.nextBoolean() ? HEX : HEX.withUpperCase()).formatHex(bytes(random));
        }

        private static byte[] bytes(SplittableRandom random) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            return bytes;
        }
    }
}
