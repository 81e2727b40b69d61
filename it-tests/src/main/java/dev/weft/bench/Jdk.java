// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/**
 * A JDK that servers run on.
 *
 * @param version in full, as in its {@code release} file
 */
record Jdk(Path home, String version) {
    /** Fails with an {@link IllegalArgumentException} if there is none. */
    static Jdk at(Path home) {
        Path file = home.resolve("release");
        Properties release = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            release.load(reader);
        } catch (IOException e) {
            throw new IllegalArgumentException("no JDK in " + home + ": " + e, e);
        }
        String version = release.getProperty("JAVA_VERSION", "").replace("\"", "");
        if (version.isEmpty()) throw new IllegalArgumentException("no JAVA_VERSION in " + file);
        return new Jdk(home, version);
    }

    /** The JDK that the benchmark itself runs on. */
    static Jdk current() {
        return new Jdk(Path.of(System.getProperty("java.home")), System.getProperty("java.version"));
    }

    /** What names the rows of its servers: {@code 21}. */
    int feature() {
        return Runtime.Version.parse(version).feature();
    }

    String java() {
        return home.resolve("bin").resolve("java").toString();
    }
}
