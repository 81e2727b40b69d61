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

    /** The stream has failed for a reason of TLS, and the message says so. */
    static void assertNotSecure(Events events, String reason) {
        events.awaitClose();
        NetException error = assertInstanceOf(NetException.class, events.error(), events::toString);
        assertEquals(NetException.Code.NOT_SECURE, error.code(), events::toString);
        assertTrue(error.getMessage().contains(reason), events::toString);
        assertEquals("close(true)", events.names().getLast());
    }
}
