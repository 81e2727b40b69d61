// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

/**
 * How text stands for bytes, for {@link Stream#setEncoding} and {@link Stream#write(String, Encoding)}.
 *
 * @since 0.1
 */
public enum Encoding {
    /** Seven bits: reading drops the eighth bit of each byte, writing sends the low byte of each UTF-16 unit. */
    ASCII,
    /** UTF-8; invalid bytes read as U+FFFD. Characters that are cut by the end of a chunk wait for the next one. */
    UTF8,
    /** Text is the base64 form of the bytes (RFC 4648); groups that are cut by the end of a chunk wait for the next one. */
    BASE64,
    /** One byte for each of the characters U+0000 to U+00FF. */
    LATIN1,
    /** Two hexadecimal digits for each byte; lower case when read. */
    HEX
}
