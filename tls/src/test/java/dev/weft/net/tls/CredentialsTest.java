// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.Credentials;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What credentials can be made of, and what is said where they cannot. */
class CredentialsTest {
    private static final X509Bundle US = TestPki.SERVER;
    private static final String KEY = US.getPrivateKeyPEM();
    private static final String CERT = US.getCertificatePEM();

    @TempDir
    private Path directory;

    private static String refusal(Credentials.Builder builder) {
        return assertThrows(IllegalArgumentException.class, builder::build).getMessage();
    }

    private static void assertRefused(String expected, Credentials.Builder builder) {
        String message = refusal(builder);
        assertTrue(message.startsWith(expected), message);
    }

    private static Credentials.Builder builder() {
        return Credentials.builder();
    }

    // -- What goes. --

    @ParameterizedTest
    @EnumSource(
            value = Algorithm.class,
            names = {"ecp256", "ecp384", "rsa2048", "ed25519", "ed448"})
    void keysOfEveryKindGo(Algorithm algorithm) {
        X509Bundle bundle = TestPki.issued(
                TestPki.CA, leaf -> leaf.subject("CN=" + algorithm).algorithm(algorithm));
        builder()
                .key(bundle.getPrivateKeyPEM())
                .cert(bundle.getCertificatePEM())
                .build();
    }

    @Test
    void chainGoes() {
        X509Bundle middle =
                TestPki.issued(TestPki.CA, leaf -> leaf.subject("CN=middle").setIsCertificateAuthority(true));
        X509Bundle leaf = TestPki.issued(middle, builder -> builder.subject("CN=leaf"));
        builder()
                .key(leaf.getPrivateKeyPEM())
                .cert(leaf.getCertificatePEM() + middle.getCertificatePEM())
                .build();
        builder()
                .key(leaf.getPrivateKeyPEM())
                .cert(leaf.getCertificatePEM() + middle.getCertificatePEM() + TestPki.CA.getCertificatePEM())
                .build();
    }

    @Test
    void filesGo() throws Exception {
        Path key = Files.writeString(directory.resolve("key.pem"), KEY);
        Path cert = Files.writeString(directory.resolve("cert.pem"), CERT);
        builder().key(key).cert(cert).ca(cert).build();
    }

    @Test
    void textAroundTheBlocksIsLeftAlone() {
        builder()
                .key("Bag Attributes\r\n" + KEY.replace("\n", "\r\n") + "\ntail")
                .cert("subject=x\n" + CERT)
                .build();
    }

    @Test
    void whatIsMadeOfOptionsOnlyIsMadeOnce() {
        assertSame(builder().build(), builder().build());
        assertSame(builder().serverName("x").build(), builder().serverName("x").build());
    }

    // -- What OpenSSL writes. --

    private String openssl(String... arguments) throws IOException {
        boolean present = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(path -> Files.isExecutable(Path.of(path, "openssl")));
        Assumptions.assumeTrue(present, "no openssl on this machine");
        Path out = directory.resolve("out" + System.nanoTime());
        Path err = directory.resolve("err");
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        Object ended = process.onExit().orTimeout(20, TimeUnit.SECONDS).join();
        assertSame(process, ended);
        assertEquals(0, process.exitValue(), Files.readString(err));
        return Files.readString(out);
    }

    /** A key in a form of OpenSSL's, with a certificate for it. */
    private Credentials.Builder made(String[] make, String... convert) throws IOException {
        Path key = directory.resolve("key.pem");
        Files.writeString(key, openssl(make));
        String cert = openssl("req", "-x509", "-key", key.toString(), "-subj", "/CN=x", "-days", "2");
        String converted = convert.length == 0 ? Files.readString(key) : openssl(with(convert, "-in", key.toString()));
        return builder().key(converted).cert(cert);
    }

    private static String[] with(String[] some, String... more) {
        List<String> all = new ArrayList<>(Arrays.asList(some));
        all.addAll(Arrays.asList(more));
        return all.toArray(String[]::new);
    }

    private static final String[] RSA = {"genpkey", "-algorithm", "RSA"};
    private static final String[] EC = {"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"};
    private static final String[] ECPARAM = {"ecparam", "-name", "prime256v1", "-genkey"};

    @Test
    void pkcs8Goes() throws Exception {
        made(RSA).build();
        made(EC).build();
        made(new String[] {"genpkey", "-algorithm", "RSA-PSS"}).build();
    }

    @Test
    void pkcs1Goes() throws Exception {
        Credentials.Builder rsa = made(RSA, "rsa", "-traditional");
        rsa.build();
    }

    @Test
    void sec1Goes() throws Exception {
        made(EC, "ec").build();
        Credentials.Builder withParameters = made(ECPARAM);
        withParameters.build();
    }

    @ParameterizedTest
    @CsvSource({"RSA,aes-256-cbc", "RSA,aes-128-cbc", "EC,aes-256-cbc", "ED25519,aes-256-cbc"})
    void encryptedPkcs8Goes(String algorithm, String cipher) throws Exception {
        String[] make = algorithm.equals("EC") ? EC : new String[] {"genpkey", "-algorithm", algorithm};
        Credentials.Builder builder = made(make, "pkcs8", "-topk8", "-v2", cipher, "-passout", "pass:secret words");
        assertRefused("key: it is encrypted, and there is no passphrase", builder);
        assertRefused("key: the passphrase is wrong, or it is broken", builder.passphrase("wrong"));
        builder.passphrase("secret words").build();
    }

    @Test
    void encryptedInTheOldWayIsRefusedWithWhatConvertsIt() throws Exception {
        Credentials.Builder builder = made(RSA, "rsa", "-traditional", "-aes128", "-passout", "pass:secret")
                .passphrase("secret");
        String message = refusal(builder);
        assertTrue(message.startsWith("key: it is encrypted in OpenSSL's old way (DEK-Info)"), message);
        assertTrue(message.contains("openssl pkcs8 -topk8 -v2 aes-256-cbc"), message);
    }

    @Test
    void encryptedWithScryptIsRefusedWithWhatConvertsIt() throws Exception {
        Credentials.Builder builder = made(EC, "pkcs8", "-topk8", "-scrypt", "-passout", "pass:secret")
                .passphrase("secret");
        String message = refusal(builder);
        assertTrue(message.startsWith("key: it is encrypted with an algorithm that the JDK does not have"), message);
        assertTrue(message.contains("openssl pkcs8 -topk8 -v2 aes-256-cbc"), message);
    }

    @Test
    void explicitCurveIsRefusedWithWhatConvertsIt() throws Exception {
        Credentials.Builder builder = made(EC, "ec", "-param_enc", "explicit");
        assertTrue(refusal(builder).contains("openssl ec -param_enc named_curve"), () -> refusal(builder));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/C=UK/ST=Acknack Ltd/O=node.js/CN=localhost",
                "/O=a+b, \"c\"; d=e/CN=k\\\\l",
                "/DC=test/DC=weft/UID=u"
            })
    void namesReadAsOpensslWritesThem(String subject) throws Exception {
        Path key = directory.resolve("key.pem");
        Files.writeString(key, openssl(EC));
        String cert = openssl("req", "-x509", "-key", key.toString(), "-subj", subject, "-utf8", "-days", "2");
        Path file = Files.writeString(directory.resolve("cert.pem"), cert);
        String expected = openssl("x509", "-in", file.toString(), "-noout", "-subject", "-nameopt", "compat")
                .strip()
                .substring("subject=".length());
        assertEquals(
                expected, PeerCertificates.of(Certificates.of(cert).getFirst()).subject());
    }

    @Test
    void namesOutsideAsciiReadAsOpensslWritesThem() throws Exception {
        X509Bundle bundle = TestPki.issued(TestPki.CA, leaf -> leaf.subject("CN=\"Zürich/Genève+Bern\", O=weft"));
        Path file = Files.writeString(directory.resolve("cert.pem"), bundle.getCertificatePEM());
        String expected = openssl("x509", "-in", file.toString(), "-noout", "-subject", "-nameopt", "compat")
                .strip()
                .substring("subject=".length());
        assertEquals(expected, PeerCertificates.of(bundle.getCertificate()).subject());
    }

    // -- What does not go. --

    @Test
    void keyAndCertNeedEachOther() {
        assertRefused("key: it is of no use without its cert", builder().key(KEY));
        assertRefused("cert: it is of no use without its key", builder().cert(CERT));
    }

    @Test
    void keyOfAnotherCertificateIsRefused() {
        X509Bundle other = TestPki.issued(TestPki.CA, leaf -> leaf.subject("CN=other"));
        assertRefused(
                "cert: the certificate of CN=localhost is not that of the key",
                builder().key(other.getPrivateKeyPEM()).cert(CERT));
        X509Bundle rsa =
                TestPki.issued(TestPki.CA, leaf -> leaf.subject("CN=other").algorithm(Algorithm.rsa2048));
        assertRefused(
                "cert: the certificate of CN=localhost is not that of the key",
                builder().key(rsa.getPrivateKeyPEM()).cert(CERT));
    }

    @Test
    void chainOutOfOrderIsRefused() {
        assertRefused(
                "cert: the key's own certificate must come first, and CN=weft test root does",
                builder().key(KEY).cert(TestPki.CA.getCertificatePEM() + CERT));
        X509Bundle stranger =
                TestPki.issued(null, root -> root.subject("CN=stranger").setIsCertificateAuthority(true));
        assertRefused(
                "cert: after the certificate of CN=localhost that of its issuer must come (CN=weft test root), and"
                        + " CN=stranger does",
                builder().key(KEY).cert(CERT + stranger.getCertificatePEM()));
    }

    @Test
    void certificateOutOfDateIsRefused() {
        Instant now = Instant.now();
        X509Bundle expired = TestPki.issued(
                TestPki.CA,
                leaf -> leaf.subject("CN=old")
                        .notBefore(now.minus(Duration.ofDays(9)))
                        .notAfter(now.minus(Duration.ofDays(8))));
        assertRefused(
                "cert: the certificate of CN=old has expired at ",
                builder().key(expired.getPrivateKeyPEM()).cert(expired.getCertificatePEM()));
        X509Bundle early = TestPki.issued(
                TestPki.CA,
                leaf -> leaf.subject("CN=new")
                        .notBefore(now.plus(Duration.ofDays(8)))
                        .notAfter(now.plus(Duration.ofDays(9))));
        assertRefused(
                "cert: the certificate of CN=new is not valid before ",
                builder().key(early.getPrivateKeyPEM()).cert(early.getCertificatePEM()));
    }

    @Test
    void garbageIsRefusedWithThePart() {
        assertRefused("key: it is empty", builder().key("").cert(CERT));
        assertRefused("key: it is no PEM", builder().key("hello").cert(CERT));
        assertRefused("cert: it is no PEM", builder().key(KEY).cert("hello"));
        assertRefused("ca: it is no PEM", builder().ca("hello"));
        assertRefused(
                "key: one PRIVATE KEY is needed, and there are 0 (it has CERTIFICATE)",
                builder().key(CERT).cert(CERT));
        assertRefused(
                "key: one PRIVATE KEY is needed, and there are 2",
                builder().key(KEY + KEY).cert(CERT));
        assertRefused(
                "cert: there is no CERTIFICATE in it, only PRIVATE KEY",
                builder().key(KEY).cert(KEY));
        assertRefused("ca: there is no CERTIFICATE in it", builder().ca(KEY));
        assertRefused(
                "key: -----BEGIN PRIVATE KEY----- has no -----END PRIVATE KEY-----",
                builder().key(KEY.substring(0, KEY.length() - 10)).cert(CERT));
        assertRefused(
                "key: between BEGIN and END PRIVATE KEY is no base64",
                builder()
                        .key("-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----")
                        .cert(CERT));
        assertRefused(
                "cert: certificate 1 is broken",
                builder().key(KEY).cert("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"));
        assertRefused(
                "key: a DSA PRIVATE KEY is no key for TLS",
                builder()
                        .key("-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----")
                        .cert(CERT));
        assertTrue(refusal(builder()
                        .key("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----")
                        .cert(CERT))
                .contains("ssh-keygen -p -m PKCS8"));
    }

    /** Whatever is wrong with it, it is the key, and an IllegalArgumentException. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void keyWithWrongBytesIsRefused(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 300; i++) {
            StringBuilder key = new StringBuilder(KEY);
            for (int n = 1 + random.nextInt(4); n > 0; n--) {
                int at = 28 + random.nextInt(KEY.length() - 60);
                key.setCharAt(at, "ABCDwxyz0189+/=\n".charAt(random.nextInt(16)));
            }
            try {
                builder().key(key.toString()).cert(CERT).build();
            } catch (IllegalArgumentException e) {
                assertTrue(
                        e.getMessage().startsWith("key: ") || e.getMessage().startsWith("cert: "),
                        () -> "seed " + seed + ": " + e);
            }
        }
    }

    @Test
    void protocolsAndCiphersThatAreNotThereAreRefused() {
        assertRefused("protocols: there is no TLSv1.9 here", builder().protocols("TLSv1.9"));
        assertRefused("ciphers: ", builder().ciphers("TLS_NONE"));
    }

    @Test
    void negativeTimeoutIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> builder().handshakeTimeout(Duration.ofMillis(-1)));
    }

    @Test
    void twoSourcesOfAKeyAreRefused() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        assertRefused(
                "keyStore: ", builder().keyStore(store, new char[0]).key(KEY).cert(CERT));
        assertRefused(
                "context: ", builder().context(SSLContext.getDefault()).key(KEY).cert(CERT));
        assertRefused(
                "context: ",
                builder()
                        .context(SSLContext.getDefault())
                        .name("x", builder().key(KEY).cert(CERT).build()));
    }

    @Test
    void keyStoreWithAWrongPasswordIsRefused() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("us", US.getKeyPair().getPrivate(), "right".toCharArray(), US.getCertificatePath());
        assertRefused("keyStore: the password is wrong", builder().keyStore(store, "wrong".toCharArray()));
        builder().keyStore(store, "right".toCharArray()).build();
    }

    @Test
    void nameWithoutAKeyIsRefused() {
        assertRefused(
                "name x.test: its credentials have no key and certificate",
                builder().key(KEY).cert(CERT).name("x.test", builder().build()));
    }

    @Test
    void onlyTls12And13AreSpokenUnlessSaidOtherwise() {
        TlsCredentials credentials =
                (TlsCredentials) builder().key(KEY).cert(CERT).build();
        assertEquals(
                List.of("TLSv1.3", "TLSv1.2"),
                List.of(credentials.serverEngine().getEnabledProtocols()));
        assertFalse(credentials.serverEngine().getWantClientAuth());
    }
}
