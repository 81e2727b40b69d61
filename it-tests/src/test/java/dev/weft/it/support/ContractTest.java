// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests that run over each of the {@link Transports}, on many carrier threads and on one. */
@ParameterizedClass(name = "{0}")
@MethodSource("dev.weft.it.support.Transports#chosen")
@ExtendWith(LeakCheck.class)
@Tag("single-carrier")
public abstract class ContractTest {
    /** What this run is about. */
    @Parameter
    protected Transports transport;

    /** The test that is running. */
    protected TestScope scope;

    /** Servers, streams and peers for the test that is running. */
    protected Wire wire;

    /**
     * Whether it matters how the server has come to its address. What it accepts at a descriptor that it was given is a channel
     * like any other, so tests of what happens on one need not be run there again.
     */
    protected boolean isAboutTheAddress() {
        return true;
    }

    @BeforeEach
    final void openTransport(TestScope scope) {
        assumeTrue(
                isAboutTheAddress() || !transport.isInherited(), "what is accepted there is a channel like any other");
        this.scope = scope;
        this.wire = transport.open(scope);
    }
}
