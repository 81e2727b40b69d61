// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random addresses, broken ones above all. Repeat a failure with {@code -Dweft.fuzz.seed=} the seed in its message. */
class IpLiteralFuzzTest {
    private static final int INPUTS = 250_000;
    private static final Pattern NODE_ZONE = Pattern.compile("[0-9a-zA-Z\\-.:]+");
    private static final String NODE_PROGRAM = """
        const { isIP } = require('net');
        const lines = require('fs').readFileSync(0, 'latin1').split('\\n');
        process.stdout.write(lines.map((line) => isIP(JSON.parse(line))).join(''));
        """;

    private final long seed = Long.getLong("weft.fuzz.seed", System.nanoTime());

    @Test
    void agreesWithGuavaWhereGuavaIsStrict() {
        for (String input : inputs()) {
            assertEquals(versionByGuava(input), IpLiteral.version(input), () -> failure(input));
        }
    }

    @Test
    void agreesWithNode(@TempDir Path dir) throws IOException, InterruptedException {
        assumeTrue(nodeIsInstalled(), "not compared with Node's net.isIP: no `node` on the PATH");
        List<String> inputs = inputs();
        String versions = askNode(dir, inputs);
        assertEquals(inputs.size(), versions.length());
        for (int i = 0; i < inputs.size(); i++) {
            String input = inputs.get(i);
            assertEquals(versions.charAt(i) - '0', IpLiteral.version(input), () -> failure(input));
        }
    }

    @Test
    void inputsAreOfAllKinds() {
        int[] counts = new int[7];
        for (String input : inputs()) {
            counts[IpLiteral.version(input)]++;
        }
        for (int version : new int[] {0, 4, 6}) {
            assertTrue(counts[version] > INPUTS / 10, () -> "seed " + seed + ": few inputs of version " + version);
        }
    }

    /** Guava takes digits of all scripts and any text as a zone, so both are judged here. */
    private static int versionByGuava(String input) {
        if (input.chars().anyMatch(c -> c > 0x7F)) {
            return 0;
        }
        int percent = input.indexOf('%');
        if (percent < 0) {
            return InetAddresses.isInetAddress(input) ? versionOfAddress(input) : 0;
        }
        String address = input.substring(0, percent);
        boolean ipv6 = InetAddresses.isInetAddress(address) && versionOfAddress(address) == 6;
        return ipv6 && NODE_ZONE.matcher(input.substring(percent + 1)).matches() ? 6 : 0;
    }

    private static int versionOfAddress(String address) {
        return address.indexOf(':') < 0 ? 4 : 6;
    }

    private String failure(String input) {
        return "seed " + seed + ", input " + json(input);
    }

    private List<String> inputs() {
        Generator generator = new Generator(new SplittableRandom(seed));
        return Stream.generate(generator::next).limit(INPUTS).toList();
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

    /** Returns one digit for each input. Files instead of pipes: neither side can then wait for the other. */
    private static String askNode(Path dir, List<String> inputs) throws IOException, InterruptedException {
        Path questions = dir.resolve("questions");
        Path answers = dir.resolve("answers");
        Files.writeString(
                questions, inputs.stream().map(IpLiteralFuzzTest::json).collect(Collectors.joining("\n")));
        Process node = new ProcessBuilder("node", "-e", NODE_PROGRAM)
                .redirectErrorStream(true)
                .redirectInput(questions.toFile())
                .redirectOutput(answers.toFile())
                .start();
        try {
            assertTrue(node.waitFor(60, TimeUnit.SECONDS), "node did not end within 60 s");
            assertEquals(0, node.exitValue(), () -> "node failed: " + read(answers));
            return read(answers);
        } finally {
            node.destroyForcibly();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A JSON string with all but letters and digits escaped: line ends, NUL and lone surrogates survive. */
    private static String json(String text) {
        return text.chars()
                .mapToObj(c ->
                        c < 0x7F && Character.isLetterOrDigit(c) ? Character.toString(c) : String.format("\\u%04x", c))
                .collect(Collectors.joining("", "\"", "\""));
    }

    /** Makes addresses by their grammar, with a taste for the limits, and then damages most of them. */
    private static final class Generator {
        private static final int[] OCTETS = {0, 1, 9, 10, 99, 100, 127, 199, 200, 249, 250, 254, 255};
        private static final int[] NO_OCTETS = {256, 260, 300, 999, 1000, 65_536};
        private static final String HEX = "0123456789abcdefABCDEF";
        private static final String ZONE = "0123456789azAZ-.:";
        private static final String ANY =
                HEX + "....::::%%gGxXzZ-+/\\[]()@_ \t\r\n\0\"'\u00B2\u00E9\u0663\uFF11\uFF41\uFF1A\uD800\uDC00";

        private final SplittableRandom random;

        Generator(SplittableRandom random) {
            this.random = random;
        }

        String next() {
            String text = switch (random.nextInt(8)) {
                case 0, 1, 2 -> ipv4();
                case 3, 4, 5, 6 -> ipv6();
                default -> letters(ANY, random.nextInt(24));
            };
            for (int damages = random.nextInt(4) - 1; damages > 0; damages--) {
                text = damaged(text);
            }
            return text;
        }

        private String ipv4() {
            int parts = oneIn(20) ? random.nextInt(7) : 4;
            return Stream.generate(this::octet).limit(parts).collect(Collectors.joining("."));
        }

        private String octet() {
            if (oneIn(40)) {
                return Integer.toString(NO_OCTETS[random.nextInt(NO_OCTETS.length)]);
            }
            int value = oneIn(3) ? random.nextInt(256) : OCTETS[random.nextInt(OCTETS.length)];
            return (oneIn(40) ? "0" : "") + value;
        }

        private String ipv6() {
            boolean dotted = oneIn(3);
            int room = dotted ? 6 : 8;
            int gap = random.nextBoolean() ? random.nextInt(room) : -1;
            int groups = gap < 0 ? room : Math.max(gap, random.nextInt(room));
            groups += oneIn(20) ? random.nextInt(3) - 1 : 0;
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < groups; i++) {
                text.append(i == gap ? "::" : i > 0 ? ":" : "").append(group());
            }
            text.append(gap >= groups ? "::" : dotted ? ":" : "").append(dotted ? ipv4() : "");
            return oneIn(5) ? text + "%" + letters(ZONE, random.nextInt(6)) : text.toString();
        }

        private String group() {
            return letters(HEX, oneIn(60) ? random.nextInt(7) : 1 + random.nextInt(4));
        }

        private String damaged(String text) {
            StringBuilder damaged = new StringBuilder(text);
            int at = random.nextInt(text.length() + 1);
            if (at == text.length() || oneIn(3)) {
                return damaged.insert(at, letters(ANY, 1)).toString();
            }
            if (random.nextBoolean()) {
                return damaged.deleteCharAt(at).toString();
            }
            char letter = random.nextBoolean() ? text.charAt(random.nextInt(text.length())) : letter(ANY);
            damaged.setCharAt(at, letter);
            return damaged.toString();
        }

        private String letters(String alphabet, int count) {
            return Stream.generate(() -> Character.toString(letter(alphabet)))
                    .limit(count)
                    .collect(Collectors.joining());
        }

        private char letter(String alphabet) {
            return alphabet.charAt(random.nextInt(alphabet.length()));
        }

        private boolean oneIn(int n) {
            return random.nextInt(n) == 0;
        }
    }
}
