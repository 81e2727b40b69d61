// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.unix.SystemdActivation.Socket;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SystemdActivationTest {
    private static final long PID = 4711;

    private static List<Socket> sockets(String... variables) {
        Map<String, String> environment = new HashMap<>();
        for (String variable : variables) {
            int equals = variable.indexOf('=');
            environment.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
        return SystemdActivation.sockets(environment, PID);
    }

    private static String refused(String... variables) {
        return assertThrows(IllegalArgumentException.class, () -> sockets(variables))
                .getMessage();
    }

    @Test
    void descriptorsBeginWithThreeAndHaveTheirNames() {
        assertEquals(
                List.of(new Socket(3, "http"), new Socket(4, "http"), new Socket(5, "admin.socket")),
                sockets("LISTEN_PID=4711", "LISTEN_FDS=3", "LISTEN_FDNAMES=http:http:admin.socket"));
    }

    @Test
    void descriptorsWithoutNamesAreUnknown() {
        assertEquals(
                List.of(new Socket(3, "unknown"), new Socket(4, "unknown")),
                sockets("LISTEN_PID=4711", "LISTEN_FDS=2"));
    }

    @Test
    void namesMayBeEmpty() {
        assertEquals(
                List.of(new Socket(3, ""), new Socket(4, "x")),
                sockets("LISTEN_PID=4711", "LISTEN_FDS=2", "LISTEN_FDNAMES=:x"));
    }

    @Test
    void whatIsMeantForAnotherProcessIsNotOurs() {
        assertEquals(List.of(), sockets("LISTEN_PID=4712", "LISTEN_FDS=1", "LISTEN_FDNAMES=x"));
        assertEquals(List.of(), sockets("LISTEN_PID=4712", "LISTEN_FDS=nonsense"));
    }

    @Test
    void aProcessThatWasNotStartedSoHasNone() {
        assertEquals(List.of(), sockets());
        assertEquals(List.of(), sockets("LISTEN_FDS=1"));
        assertEquals(List.of(), sockets("LISTEN_PID=4711"));
        assertEquals(List.of(), sockets("LISTEN_PID=4711", "LISTEN_FDS=0"));
        assertEquals(List.of(), sockets("LISTEN_PID=4711", "LISTEN_FDS=0", "LISTEN_FDNAMES="));
        assertEquals(List.of(), SystemdActivation.sockets());
        assertEquals(List.of(), SystemdActivation.named("x"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "-1", "1.5", " 1", "1048577", "2147483644", "2147483648", "99999999999999999999"})
    void aNumberOfDescriptorsThatIsNoneIsNamed(String value) {
        String message = refused("LISTEN_PID=4711", "LISTEN_FDS=" + value);
        assertTrue(message.startsWith("LISTEN_FDS is not a number from 0 to "), message);
        assertTrue(message.endsWith(": " + value), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "-4711", "4711 "})
    void aProcessNumberThatIsNoneIsNamed(String value) {
        String message = refused("LISTEN_PID=" + value, "LISTEN_FDS=1");
        assertTrue(message.startsWith("LISTEN_PID is not a number from 0 to "), message);
        assertTrue(message.endsWith(": " + value), message);
    }

    @Test
    void namesThatAreTooFewOrTooManyAreNamed() {
        assertEquals(
                "LISTEN_FDNAMES has 1 names for LISTEN_FDS=2 descriptors: a",
                refused("LISTEN_PID=4711", "LISTEN_FDS=2", "LISTEN_FDNAMES=a"));
        assertEquals(
                "LISTEN_FDNAMES has 3 names for LISTEN_FDS=2 descriptors: a:b:c",
                refused("LISTEN_PID=4711", "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b:c"));
    }
}
