// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Private keys from PEM: PKCS#8 (RFC 5958), PKCS#8 encrypted with PBES2 (RFC 8018), and the older PKCS#1 (RSA) and SEC1 (EC), which
 * the JDK reads once they are wrapped as PKCS#8.
 */
final class PrivateKeys {
    private static final String TO_PKCS8 = "openssl pkcs8 -topk8 -v2 aes-256-cbc -in old.pem -out new.pem";

    private static final String RSA = "1.2.840.113549.1.1.1";
    private static final String RSASSA_PSS = "1.2.840.113549.1.1.10";
    private static final String EC = "1.2.840.10045.2.1";
    private static final String ED25519 = "1.3.101.112";
    private static final String ED448 = "1.3.101.113";

    private static final byte[] VERSION_0 = {Der.INTEGER, 1, 0};
    private static final byte[] NULL = {5, 0};
    private static final byte[] RSA_OID = {Der.OID, 9, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 1, 1, 1
    };
    private static final byte[] EC_OID = {Der.OID, 7, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 2, 1};

    /** {@code [0]} of SEC1's ECPrivateKey: the curve. */
    private static final int EC_PARAMETERS = 0xa0;

    private PrivateKeys() {}

    /**
     * @throws IllegalArgumentException if it cannot be used; says why, and what converts it
     */
    static PrivateKey of(String pem, @Nullable String passphrase) {
        List<Pem.Block> blocks = Pem.blocks(pem);
        List<Pem.Block> keys = blocks.stream()
                .filter(block -> block.label().endsWith("PRIVATE KEY"))
                .toList();
        if (keys.size() != 1) {
            throw new IllegalArgumentException(
                    "one PRIVATE KEY is needed, and there are " + keys.size() + " (it has " + Pem.labels(blocks) + ")");
        }
        Pem.Block block = keys.getFirst();
        if (block.isEncryptedTheOldWay()) {
            throw new IllegalArgumentException("it is encrypted in OpenSSL's old way (DEK-Info), which the JDK cannot"
                    + " read; this converts it: " + TO_PKCS8);
        }
        return switch (block.label()) {
            case "PRIVATE KEY" -> decode(block.bytes());
            case "ENCRYPTED PRIVATE KEY" -> decode(decrypt(block.bytes(), passphrase));
            case "RSA PRIVATE KEY" -> decode(wrap(Der.encode(Der.SEQUENCE, RSA_OID, NULL), block.bytes()));
            case "EC PRIVATE KEY" ->
                decode(wrap(Der.encode(Der.SEQUENCE, EC_OID, curve(block, blocks)), block.bytes()));
            case "OPENSSH PRIVATE KEY" ->
                throw new IllegalArgumentException(
                        "it is in OpenSSH's form; this converts it in place: ssh-keygen -p -m PKCS8 -f key");
            default ->
                throw new IllegalArgumentException("a " + block.label() + " is no key for TLS: use RSA, EC or EdDSA");
        };
    }

    private static byte[] wrap(byte[] algorithm, byte[] key) {
        return Der.encode(Der.SEQUENCE, VERSION_0, algorithm, Der.encode(Der.OCTET_STRING, key));
    }

    /** In the key itself, or else in the block that {@code openssl ecparam} writes before it. */
    private static byte[] curve(Pem.Block key, List<Pem.Block> blocks) {
        Der fields = new Der(key.bytes()).next(Der.SEQUENCE).inside();
        while (fields.hasNext()) {
            Der.Value field = fields.next();
            if (field.tag() == EC_PARAMETERS) {
                return named(field.inside().next());
            }
        }
        return blocks.stream()
                .filter(block -> block.label().equals("EC PARAMETERS"))
                .findFirst()
                .map(block -> named(new Der(block.bytes()).next()))
                .orElseThrow(() -> new IllegalArgumentException("it does not say which curve it is for"));
    }

    private static byte[] named(Der.Value curve) {
        if (curve.tag() != Der.OID) {
            throw new IllegalArgumentException("its curve has no name but explicit parameters; this converts it:"
                    + " openssl ec -param_enc named_curve -in old.pem -out new.pem");
        }
        return curve.encoded();
    }

    private static byte[] decrypt(byte[] encrypted, @Nullable String passphrase) {
        if (passphrase == null) {
            throw new IllegalArgumentException("it is encrypted, and there is no passphrase");
        }
        PBEKeySpec secret = new PBEKeySpec(passphrase.toCharArray());
        try {
            EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(encrypted);
            // PBES2 has the names of its parts in the parameters, the JDK's name for the older ones is its own.
            String algorithm =
                    info.getAlgName().equals("PBES2") ? info.getAlgParameters().toString() : info.getAlgName();
            Cipher cipher = Cipher.getInstance(algorithm);
            cipher.init(
                    Cipher.DECRYPT_MODE,
                    SecretKeyFactory.getInstance(algorithm).generateSecret(secret),
                    info.getAlgParameters());
            return info.getKeySpec(cipher).getEncoded();
        } catch (NoSuchAlgorithmException e) {
            throw unsupported(e);
        } catch (IOException e) {
            if (e.getCause() instanceof NoSuchAlgorithmException
                    || String.valueOf(e.getMessage()).contains("PBE")) {
                throw unsupported(e);
            }
            throw new IllegalArgumentException("it is broken: " + e.getMessage(), e);
        } catch (GeneralSecurityException e) {
            // What a wrong passphrase leaves is no padding, or no key.
            throw new IllegalArgumentException("the passphrase is wrong, or it is broken", e);
        } finally {
            secret.clearPassword();
        }
    }

    private static IllegalArgumentException unsupported(Exception e) {
        return new IllegalArgumentException(
                "it is encrypted with an algorithm that the JDK does not have (" + e.getMessage()
                        + "); this converts it: " + TO_PKCS8,
                e);
    }

    private static PrivateKey decode(byte[] pkcs8) {
        Der fields = new Der(pkcs8).next(Der.SEQUENCE).inside();
        fields.next(Der.INTEGER);
        String oid = fields.next(Der.SEQUENCE).inside().next(Der.OID).oid();
        String algorithm = switch (oid) {
            case RSA -> "RSA";
            case RSASSA_PSS -> "RSASSA-PSS";
            case EC -> "EC";
            case ED25519, ED448 -> "EdDSA";
            default ->
                throw new IllegalArgumentException("its algorithm is none for TLS, or not known to the JDK: " + oid);
        };
        try {
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("it is broken: " + e.getMessage(), e);
        }
    }
}
