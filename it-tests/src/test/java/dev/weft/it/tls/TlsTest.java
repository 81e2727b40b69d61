// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Events;
import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.Pki;
import dev.weft.it.support.TestScope;
import dev.weft.it.support.Tls;
import dev.weft.net.Credentials;
import dev.weft.net.NetException;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;

/** What tests of TLS have in common. */
@ExtendWith(LeakCheck.class)
abstract class TlsTest {
    static final Credentials SERVER = Pki.keyOf(Pki.SERVER).build();
    static final Credentials CLIENT = Pki.trusting().build();

    TestScope scope;
    Tls tls;

    @BeforeEach
    final void begin(TestScope scope) {
        this.scope = scope;
        this.tls = new Tls(scope);
    }

    /** The peer has told, in plain text still as OpenSSL does, that it does not know the root; JDK 21 cannot read that. */
    static void assertToldUnknownRoot(Events events) {
        assertNotSecure(events, Runtime.version().feature() < 25 ? "(handshake_failure|unknown_ca)" : "unknown_ca");
    }

    /** The stream has failed for a reason of TLS, and the message says so: it has a part that matches. */
    static void assertNotSecure(Events events, String reason) {
        events.awaitClose();
        NetException error = assertInstanceOf(NetException.class, events.error(), events::toString);
        assertEquals(NetException.Code.NOT_SECURE, error.code(), events::toString);
        assertTrue(Pattern.compile(reason).matcher(error.getMessage()).find(), events::toString);
        assertEquals("close(true)", events.names().getLast());
    }
}
