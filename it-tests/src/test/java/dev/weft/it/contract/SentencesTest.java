// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.TestScope;
import dev.weft.it.support.Transports;
import dev.weft.it.support.Wire;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests that are named by a sentence of {@code net-api.txt}, word for word, and hold the library to it. */
@ExtendWith(LeakCheck.class)
@Tag("single-carrier")
abstract class SentencesTest {
    TestScope scope;
    Wire wire;

    @BeforeEach
    final void openTransport(TestScope scope) {
        this.scope = scope;
        this.wire = Transports.TCP4.open(scope);
    }
}
