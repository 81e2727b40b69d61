// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** PEM (RFC 7468): text around blocks of base64 between {@code -----BEGIN label-----} and {@code -----END label-----}. */
final class Pem {
    private static final Pattern BEGIN = Pattern.compile("-----BEGIN ([^-\\r\\n]+)-----");

    /** One block. */
    static final class Block {
        private final String label;
        private final String body;

        private Block(String label, String body) {
            this.label = label;
            this.body = body;
        }

        String label() {
            return label;
        }

        /** Whether it is encrypted as OpenSSL did it before PKCS#8 (RFC 1421). */
        boolean isEncryptedTheOldWay() {
            return body.contains("DEK-Info:");
        }

        /**
         * @throws IllegalArgumentException if it is no base64
         */
        byte[] bytes() {
            try {
                return Base64.getDecoder().decode(body.replaceAll("\\s", ""));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "between BEGIN and END " + label + " is no base64: " + e.getMessage(), e);
            }
        }
    }

    private Pem() {}

    /**
     * @throws IllegalArgumentException if there is none, or one has no end
     */
    static List<Block> blocks(String text) {
        List<Block> blocks = new ArrayList<>();
        Matcher begin = BEGIN.matcher(text);
        for (int from = 0; begin.find(from); ) {
            String label = begin.group(1);
            String end = "-----END " + label + "-----";
            int to = text.indexOf(end, begin.end());
            if (to < 0) {
                throw new IllegalArgumentException("-----BEGIN " + label + "----- has no " + end);
            }
            blocks.add(new Block(label, text.substring(begin.end(), to)));
            from = to + end.length();
        }
        if (blocks.isEmpty()) {
            throw new IllegalArgumentException(
                    text.isBlank() ? "it is empty" : "it is no PEM: there is no -----BEGIN ...----- in it");
        }
        return blocks;
    }

    static String labels(List<Block> blocks) {
        return blocks.stream().map(Block::label).distinct().collect(Collectors.joining(", "));
    }
}
