// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.stress.Child;
import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.TestScope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What needs native code says so, and what needs none does not load any. */
@ExtendWith(LeakCheck.class)
class NativeAccessTest {
    @Test
    void pathSocketsWorkWithoutAWarning(TestScope scope) {
        try (Child program = Child.javaAsIs(
                WithoutNative.class,
                List.of(),
                scope.directory().resolve("x.sock").toString())) {
            assertEquals("echo of 5\n", program.outputAtEnd(), program::toString);
            assertEquals("", program.errors());
        }
    }

    @Test
    void whereNativeCodeIsDeniedPathSocketsWorkAndListenFdSaysWhatItNeeds(TestScope scope) {
        assumeTrue(Runtime.version().feature() >= 24, "there is no --illegal-native-access before Java 24");
        try (Child program = Child.javaAsIs(
                WithoutNative.class,
                List.of("--illegal-native-access=deny"),
                scope.directory().resolve("x.sock").toString(),
                "listenFD")) {
            String said = program.outputAtEnd();
            assertTrue(said.startsWith("echo of 5\nlisten fd 3: listenFD needs native calls"), program::toString);
            assertTrue(
                    said.contains("\nlisten unix ") && said.contains(": passing descriptors needs native calls"), said);
            assertTrue(said.contains("--enable-native-access"), said);
        }
    }
}
