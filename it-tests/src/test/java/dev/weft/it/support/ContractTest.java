// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ArgumentsSource;

/** Tests that run over each of the {@link Transports}, on many carrier threads and on one. */
@ParameterizedClass(name = "{0}")
@ArgumentsSource(Transports.OfClass.class)
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

    @BeforeEach
    final void openTransport(TestScope scope) {
        this.scope = scope;
        this.wire = transport.open(scope);
    }
}
