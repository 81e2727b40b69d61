// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.net.Encoding;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Chunks are written in hexadecimal. Repeat a fuzz failure with {@code -Dweft.fuzz.seed=} the seed in its message. */
class TextDecoderTest {
    private static final HexFormat HEX = HexFormat.of();
    private static final String MIXED = "a\u00E9\u20AC\uD83D\uDE00?\0\uFFFD\uDBFF\uDFFF\u07FF\u0800\uFFFF\uD800\uDC00z";
    private static final String NODE_PROGRAM = """
        const { StringDecoder } = require('string_decoder');
        const lines = require('fs').readFileSync(0, 'latin1').split('\\n');
        process.stdout.write(lines.map((line) => {
          const [encoding, chunks] = line.split(' ');
          const decoder = new StringDecoder(encoding);
          const texts = chunks.split(',').map((chunk) => decoder.write(Buffer.from(chunk, 'hex')));
          return texts.concat(decoder.end()).map((text) => Buffer.from(text, 'utf16le').toString('hex')).join(',');
        }).join('\\n'));
        """;

    private final long seed = Long.getLong("weft.fuzz.seed", System.nanoTime());

    @ParameterizedTest
    @ValueSource(
            strings = {"\0", "A", "\u0080", "\u00E9", "\u07FF", "\u0800", "\u20AC", "\uFFFD", "\uFFFF", "\uD83D\uDE00"})
    void splitCharacterIsCarriedOver(String character) {
        byte[] bytes = character.getBytes(UTF_8);
        for (int split = 1; split < bytes.length; split++) {
            TextDecoder decoder = new TextDecoder(Encoding.UTF8);
            assertEquals("", decoder.decode(ByteBuffer.wrap(bytes, 0, split)));
            assertEquals(character, decoder.decode(ByteBuffer.wrap(bytes, split, bytes.length - split)));
            assertEquals("", decoder.end());
        }
    }

    @Test
    void splitCharacterIsCarriedOverByteByByte() {
        assertEquals(List.of("", "", "", "\uD83D\uDE00", ""), decodeAll(Encoding.UTF8, "f0", "9f", "98", "80"));
    }

    @Test
    void emptyChunkInsideACharacterChangesNothing() {
        assertEquals(List.of("", "", "\u20AC", ""), decodeAll(Encoding.UTF8, "e282", "", "ac"));
    }

    @Test
    void textAroundASplitCharacterIsNotHeldBack() {
        assertEquals(List.of("ab", "\u20ACcd", ""), decodeAll(Encoding.UTF8, "6162e2", "82ac6364"));
    }

    @ParameterizedTest
    @EnumSource
    void everyPairOfSplitsGivesTheWholeText(Encoding encoding) {
        byte[] bytes = MIXED.getBytes(UTF_8);
        String whole = String.join("", decodeAll(encoding, HEX.formatHex(bytes)));
        for (int first = 0; first <= bytes.length; first++) {
            for (int second = first; second <= bytes.length; second++) {
                List<String> texts = decodeAll(
                        encoding,
                        HEX.formatHex(bytes, 0, first),
                        HEX.formatHex(bytes, first, second),
                        HEX.formatHex(bytes, second, bytes.length));
                String splits = first + ", " + second;
                assertEquals(whole, String.join("", texts), splits);
                texts.forEach(text -> assertHoldsWholePairs(text, splits));
            }
        }
    }

    @Test
    void everyChunkingOfBase64GivesWholeGroups() {
        byte[] bytes = HEX.parseHex("00ff10fe20fd30fc40");
        for (int length = 0; length <= bytes.length; length++) {
            String expected = Base64.getEncoder().encodeToString(Arrays.copyOf(bytes, length));
            for (int cuts = 0; cuts < 1 << Math.max(0, length - 1); cuts++) {
                List<String> texts = decodeAll(Encoding.BASE64, cut(Arrays.copyOf(bytes, length), cuts));
                assertEquals(expected, String.join("", texts));
                texts.forEach(text -> assertEquals(0, text.length() % 4, expected));
            }
        }
    }

    @Test
    void base64CarriesTheRemainderAndPadsAtTheEnd() {
        assertEquals(List.of("", "//79", "QQ=="), decodeAll(Encoding.BASE64, "fffe", "fd41"));
        assertEquals(List.of("AQID", "BAUG", ""), decodeAll(Encoding.BASE64, "01020304", "0506"));
        assertEquals(List.of("", "AQI="), decodeAll(Encoding.BASE64, "0102"));
    }

    /** As counted with Node 20: one for each maximal subpart of what could have been a character. */
    @ParameterizedTest
    @CsvSource({
        "c3, 1", "e2, 1", "e282, 1", "f0, 1", "f09f, 1", "f09f98, 1",
        "ed, 1", "eda0, 2", "e0, 1", "e080, 2", "f080, 2", "f08080, 3",
        "f48f, 1", "f490, 2", "c0, 1", "f5, 1", "f580, 2", "f58080, 3",
    })
    void incompleteTailBecomesReplacementsAtTheEnd(String tail, int replacements) {
        assertEquals(List.of("a", "\uFFFD".repeat(replacements)), decodeAll(Encoding.UTF8, "61" + tail));
    }

    @ParameterizedTest
    @CsvSource({
        "80, 1",
        "bf, 1",
        "8080, 2",
        "ff, 1",
        "fe, 1",
        "f8, 1",
        "c080, 2",
        "c1bf, 2",
        "e08080, 3",
        "eda080, 3",
        "edbfbf, 3",
        "eda080edb080, 6",
        "f0808080, 4",
        "f4908080, 4",
        "f5808080, 4",
        "f888808080, 5",
    })
    void malformedBytesBecomeReplacements(String bytes, int replacements) {
        String expected = "a" + "\uFFFD".repeat(replacements) + "b";
        assertEquals(expected, String.join("", decodeAll(Encoding.UTF8, "61" + bytes + "62")));
        assertEquals(expected, String.join("", decodeAll(Encoding.UTF8, cut(HEX.parseHex("61" + bytes + "62"), -1))));
    }

    @Test
    void byteThatCannotContinueEndsTheHeldCharacter() {
        assertEquals(List.of("", "\uFFFDA", "\uFFFD"), decodeAll(Encoding.UTF8, "f1", "41f2"));
        assertEquals(List.of("", "\uFFFD", "\u00E9", ""), decodeAll(Encoding.UTF8, "e282", "c3", "a9"));
        assertEquals(List.of("", "\uFFFD\u0338", ""), decodeAll(Encoding.UTF8, "cc", "ccb8"));
    }

    @Test
    void byteOrderMarkIsTextLikeAnyOther() {
        assertEquals(List.of("\uFEFFa", ""), decodeAll(Encoding.UTF8, "efbbbf61"));
    }

    @Test
    void replacementCharacterThatWasSentIsKept() {
        String text = "a\uFFFD\u00E9\u20AC\uD83D\uDE00\uFFFD";
        assertEquals(List.of(text, ""), decodeAll(Encoding.UTF8, HEX.formatHex(text.getBytes(UTF_8))));
    }

    @ParameterizedTest
    @EnumSource
    void decoderIsAsNewAfterTheEnd(Encoding encoding) {
        TextDecoder decoder = new TextDecoder(encoding);
        String first = decoder.decode(chunk("41e282")) + decoder.end();
        assertEquals("", decoder.end());
        assertEquals(first, decoder.decode(chunk("41e282")) + decoder.end());
    }

    @ParameterizedTest
    @EnumSource
    void nothingGivesEmptyText(Encoding encoding) {
        assertEquals(List.of("", "", ""), decodeAll(encoding, "", ""));
    }

    @Test
    void asciiIgnoresTheHighBit() {
        assertEquals(List.of("\u007F~", "A\0", ""), decodeAll(Encoding.ASCII, "fffe", "c180"));
        assertEquals(List.of("plain\r\n", ""), decodeAll(Encoding.ASCII, HEX.formatHex("plain\r\n".getBytes(UTF_8))));
    }

    @Test
    void latin1GivesOneCharacterForEachOfAllBytes() {
        byte[] bytes = new byte[256];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) i;
        }
        String text = new TextDecoder(Encoding.LATIN1).decode(ByteBuffer.wrap(bytes));
        assertEquals(256, text.length());
        for (int i = 0; i < bytes.length; i++) {
            assertEquals(i, text.charAt(i));
        }
    }

    @Test
    void hexIsInLowerCase() {
        assertEquals(List.of("00abff", "1e", ""), decodeAll(Encoding.HEX, "00ABFF", "1E"));
    }

    @ParameterizedTest
    @EnumSource
    void everyKindOfBufferIsReadFromPositionToLimitAndLeftAlone(Encoding encoding) {
        byte[] bytes = MIXED.getBytes(UTF_8);
        List<String> expected = decodeAll(encoding, HEX.formatHex(bytes));
        ByteBuffer padded = ByteBuffer.allocate(bytes.length + 10).put(5, bytes);
        padded.limit(bytes.length + 5).position(5);
        ByteBuffer direct = ByteBuffer.allocateDirect(padded.capacity());
        direct.put(0, padded.array()).limit(padded.limit()).position(padded.position());
        ByteBuffer offset = padded.duplicate().clear().position(3).slice();
        offset.limit(bytes.length + 2).position(2);

        for (ByteBuffer buffer : List.of(padded, padded.asReadOnlyBuffer(), padded.slice(), offset, direct)) {
            int position = buffer.position();
            int limit = buffer.limit();
            TextDecoder decoder = new TextDecoder(encoding);
            assertEquals(expected, List.of(decoder.decode(buffer), decoder.end()), buffer::toString);
            assertEquals(position, buffer.position());
            assertEquals(limit, buffer.limit());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"UTF8", "BASE64"})
    void chunkMayBeReusedAfterwards(Encoding encoding) {
        byte[] bytes = HEX.parseHex("f09f9880");
        List<String> expected = decodeAll(encoding, "f09f", "9880");
        ByteBuffer buffer = ByteBuffer.allocate(2);
        TextDecoder decoder = new TextDecoder(encoding);
        List<String> texts = new ArrayList<>();
        texts.add(decoder.decode(buffer.put(0, bytes, 0, 2)));
        texts.add(decoder.decode(buffer.put(0, bytes, 2, 2)));
        buffer.put(0, new byte[2]);
        texts.add(decoder.end());
        assertEquals(expected, texts);
    }

    @Test
    void everyShortSequenceIsReadAsNodeReadsIt(@TempDir Path dir) throws IOException, InterruptedException {
        List<String> questions = new ArrayList<>();
        for (String first : Bytes.TELLING) {
            questions.add("utf8 " + first);
            for (String second : Bytes.TELLING) {
                questions.add("utf8 " + first + "," + second);
                for (String third : Bytes.TELLING) {
                    questions.add("utf8 " + first + second + third);
                    questions.add("utf8 " + first + "," + second + third);
                    questions.add("utf8 " + first + second + "," + third);
                    questions.add("utf8 " + first + "," + second + "," + third);
                }
            }
        }
        assertAnswersAreNodes(dir, questions);
    }

    @Test
    void everyChunkIsReadAsNodeReadsIt(@TempDir Path dir) throws IOException, InterruptedException {
        Bytes bytes = new Bytes(new SplittableRandom(seed));
        assertAnswersAreNodes(
                dir, Stream.generate(bytes::question).limit(120_000).toList());
    }

    private void assertAnswersAreNodes(Path dir, List<String> questions) throws IOException, InterruptedException {
        List<String> answers = askNode(dir, NODE_PROGRAM, questions);
        assertEquals(questions.size(), answers.size());
        for (int i = 0; i < questions.size(); i++) {
            String question = questions.get(i);
            assertEquals(answers.get(i), answer(question), () -> "seed " + seed + ", " + question);
        }
    }

    /** What {@link #NODE_PROGRAM} answers: the UTF-16 units of each text, in hexadecimal. */
    private static String answer(String question) {
        int space = question.indexOf(' ');
        Encoding encoding = Encoding.valueOf(question.substring(0, space).toUpperCase(Locale.ROOT));
        String[] chunks = question.substring(space + 1).split(",", -1);
        UnaryOperator<String> units = text -> HEX.formatHex(text.getBytes(UTF_16LE));
        return decodeAll(encoding, chunks).stream().map(units).collect(Collectors.joining(","));
    }

    /** Returns the text of each chunk, then that of the end. */
    private static List<String> decodeAll(Encoding encoding, String... chunks) {
        TextDecoder decoder = new TextDecoder(encoding);
        List<String> texts = new ArrayList<>();
        for (String chunk : chunks) {
            texts.add(decoder.decode(chunk(chunk)));
        }
        texts.add(decoder.end());
        return texts;
    }

    private static ByteBuffer chunk(String hex) {
        return ByteBuffer.wrap(HEX.parseHex(hex));
    }

    /** Cuts after byte n where bit n is set. */
    private static String[] cut(byte[] bytes, int cuts) {
        StringBuilder chunks = new StringBuilder();
        for (int i = 0; i < bytes.length; i++) {
            chunks.append(HEX.toHexDigits(bytes[i])).append((cuts >> i & 1) == 1 ? "," : "");
        }
        return chunks.toString().split(",", -1);
    }

    private static void assertHoldsWholePairs(String text, String splits) {
        boolean whole = text.codePoints().noneMatch(c -> Character.getType(c) == Character.SURROGATE);
        assertTrue(whole, () -> "a surrogate pair is split, at " + splits);
    }

    /** Asks Node all questions in one process, or skips the test where there is none. One line each, both ways. */
    static List<String> askNode(Path dir, String program, List<String> questions)
            throws IOException, InterruptedException {
        assumeTrue(nodeIsInstalled(), "not compared with Node: no `node` on the PATH");
        // Files instead of pipes: neither side can then wait for the other.
        Path asked = dir.resolve("questions");
        Path answered = dir.resolve("answers");
        Files.write(asked, String.join("\n", questions).getBytes(ISO_8859_1));
        Process node = new ProcessBuilder("node", "-e", program)
                .redirectErrorStream(true)
                .redirectInput(asked.toFile())
                .redirectOutput(answered.toFile())
                .start();
        try {
            assertTrue(node.waitFor(60, TimeUnit.SECONDS), "node did not end within 60 s");
            String answers = Files.readString(answered);
            assertEquals(0, node.exitValue(), () -> "node failed: " + answers);
            return List.of(answers.split("\n", -1));
        } finally {
            node.destroyForcibly();
        }
    }

    private static boolean nodeIsInstalled() throws InterruptedException {
        try {
            Process node = new ProcessBuilder("node", "--version")
                    .redirectErrorStream(true)
                    .redirectOutput(Redirect.DISCARD)
                    .start();
            return node.waitFor() == 0;
        } catch (IOException notFound) {
            return false;
        }
    }

    /** Random bytes with a taste for the limits of UTF-8, cut anywhere. */
    private static final class Bytes {
        /** One from each class that a UTF-8 decoder tells apart, and the limits of each. */
        static final List<String> TELLING = List.of(
                "00", "41", "7f", "80", "8f", "90", "9f", "a0", "bf", "c0", "c1", "c2", "df", "e0", "e1", "ec", "ed",
                "ee", "ef", "f0", "f1", "f3", "f4", "f5", "f7", "f8", "fb", "fe", "ff");

        private static final List<String> ENCODINGS =
                List.of("utf8", "utf8", "utf8", "ascii", "latin1", "base64", "hex");
        private static final int[] LIMITS = {0, 0x80, 0x800, 0x10000, 0x110000};

        private final SplittableRandom random;

        Bytes(SplittableRandom random) {
            this.random = random;
        }

        String question() {
            StringBuilder question = new StringBuilder(ENCODINGS.get(random.nextInt(ENCODINGS.size()))).append(' ');
            int longest = random.nextInt(1, 12);
            int chance = random.nextInt(1, 20);
            for (int pieces = random.nextInt(longest); pieces >= 0; pieces--) {
                String piece = piece();
                for (int at = 0; at < piece.length(); at += 2) {
                    question.append(piece, at, at + 2).append(random.nextInt(chance) == 0 ? "," : "");
                }
            }
            return question.toString();
        }

        private String piece() {
            return switch (random.nextInt(4)) {
                case 0 -> TELLING.get(random.nextInt(TELLING.size()));
                case 1 -> HEX.toHexDigits((byte) random.nextInt());
                default -> character();
            };
        }

        /** Sometimes a surrogate, which Java writes as '?'. */
        private String character() {
            int size = random.nextInt(1, LIMITS.length);
            int codePoint = random.nextInt(LIMITS[size - 1], LIMITS[size]);
            String bytes = HEX.formatHex(Character.toString(codePoint).getBytes(UTF_8));
            boolean whole = random.nextInt(4) > 0;
            return whole ? bytes : bytes.substring(0, 2 * random.nextInt(1, bytes.length() / 2 + 1));
        }
    }
}
