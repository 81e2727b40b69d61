// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/**
 * What the contract must hold over. One more transport is one more constant, with a {@link Wire} of its kind.
 *
 * <p>A test class has {@code @ParameterizedClass(name = "…")}, {@code @EnumSource(Transports.class)} and
 * {@code @ExtendWith(LeakCheck.class)}, a field {@code @Parameter Transports transport}, and tests that begin with
 * {@code Wire wire = transport.open(scope)}.
 */
public enum Transports {
    /** TCP over IPv4, events on the streams' own threads. */
    TCP4("127.0.0.1", false),
    /** TCP over IPv6. */
    TCP6("::1", false),
    /** TCP over IPv4 with all events of both ends on one thread of the user's, as in Node. */
    TCP4_EXECUTOR("127.0.0.1", true),
    /** TLS over TCP over IPv4, both ends secured from the first byte on. */
    TLS_TCP("127.0.0.1", false, true);

    private final String host;
    private final boolean oneThread;
    private final boolean secured;

    Transports(String host, boolean oneThread) {
        this(host, oneThread, false);
    }

    Transports(String host, boolean oneThread, boolean secured) {
        this.host = host;
        this.oneThread = oneThread;
        this.secured = secured;
    }

    /** Opens it for one test; skips the test where this machine lacks it. */
    public Wire open(TestScope scope) {
        assumeTrue(canListen(), () -> this + ": this machine cannot listen on " + host);
        return new Wire(
                this, scope, host, oneThread ? scope.executor(1) : null, secured ? WireSecurity.INSTANCE : null);
    }

    private boolean canListen() {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getByName(host), 0));
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
