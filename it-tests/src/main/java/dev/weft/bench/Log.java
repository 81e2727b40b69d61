// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

/** The report goes to the standard output, and what happens meanwhile to the standard error output. */
final class Log {
    private Log() {}

    static void report(String text) {
        System.out.println(text);
        System.out.flush();
    }

    static void progress(String text) {
        System.err.println(text);
    }
}
