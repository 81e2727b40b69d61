// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.List;

/** The identity of all servers of a run: an EC key on the curve P-256, and a certificate that it signed itself. */
final class SelfSigned {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String ALIAS = "bench";
    private static final String PASSWORD = "nobody else's"; // of a file that goes with the run

    private SelfSigned() {}

    /** Leaves {@code key.pem} and {@code cert.pem} in a directory. */
    static void make(Path directory, Children children) throws IOException, InterruptedException {
        Path store = directory.resolve("identity.p12");
        children.output(keytool(store), LIMIT);
        try (InputStream in = Files.newInputStream(store)) {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(in, PASSWORD.toCharArray());
            byte[] key = keys.getKey(ALIAS, PASSWORD.toCharArray()).getEncoded();
            write(directory.resolve("key.pem"), "PRIVATE KEY", key);
            write(
                    directory.resolve("cert.pem"),
                    "CERTIFICATE",
                    keys.getCertificate(ALIAS).getEncoded());
        } catch (GeneralSecurityException e) {
            throw new IOException("no key for TLS: " + e.getMessage(), e);
        }
    }

    private static List<String> keytool(Path store) {
        Path program = Path.of(System.getProperty("java.home"), "bin", "keytool");
        return List.of(
                program.toString(),
                "-genkeypair",
                "-alias",
                ALIAS,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                PASSWORD);
    }

    private static void write(Path file, String what, byte[] encoded) throws IOException {
        String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded);
        Files.writeString(
                file,
                "-----BEGIN " + what + "-----\n" + lines + "\n-----END " + what + "-----\n",
                StandardCharsets.US_ASCII);
    }
}
