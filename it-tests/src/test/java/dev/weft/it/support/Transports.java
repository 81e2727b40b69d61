// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.support.ParameterDeclarations;

/**
 * What the contract must hold over. One more transport is one more constant, with a {@link Wire} of its kind.
 *
 * <p>Where a connection is the same channel as that of another transport once it is there, which is so of abstract names and
 * inherited descriptors, tests that {@link OnOneChannel take time} are left out, unless {@code weft.it.transports} is given.
 *
 * <p>A test class extends {@link ContractTest}.
 */
public enum Transports {
    /** TCP over IPv4, events on the streams' own threads. */
    TCP4("127.0.0.1", false),
    /** TCP over IPv6. */
    TCP6("::1", false),
    /** TCP over IPv4 with all events of both ends on one thread of the user's, as in Node. */
    TCP4_EXECUTOR("127.0.0.1", true),
    /** Unix sockets with a path. */
    UNIX(null, false) {
        @Override
        Place place(TestScope scope) {
            return new PathPlace(scope);
        }
    },
    /** Unix sockets with an abstract name. */
    ABSTRACT(null, false) {
        @Override
        Place place(TestScope scope) {
            return new AbstractPlace();
        }
    },
    /** TCP over IPv4 at a descriptor that the server was given. */
    INHERITED_TCP4("127.0.0.1", false) {
        @Override
        Place place(TestScope scope) {
            return new InheritedTcpPlace(scope);
        }
    },
    /** Unix sockets at a descriptor that the server was given. */
    INHERITED_UNIX(null, false) {
        @Override
        Place place(TestScope scope) {
            return new InheritedPathPlace(scope);
        }
    },
    /** TLS over TCP over IPv4, both ends secured from the first byte on. */
    TLS_TCP("127.0.0.1", false, true),
    /** TLS over Unix sockets with a path. */
    TLS_UNIX(null, false, true) {
        @Override
        Place place(TestScope scope) {
            return new PathPlace(scope);
        }
    };

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

    /**
     * What this run is about: what the property {@code weft.it.transports} names, or else all of them.
     */
    static List<Transports> chosen() {
        String names = System.getProperty("weft.it.transports", "");
        return names.isEmpty()
                ? List.of(values())
                : Arrays.stream(names.split(",", -1)).map(Transports::valueOf).toList();
    }

    /** Whether connections, once they are there, are the JDK's channels as those of {@link #TCP4} or {@link #UNIX} are. */
    private boolean standsIn() {
        return this == ABSTRACT || this == INHERITED_TCP4 || this == INHERITED_UNIX;
    }

    /** The transports of a {@link ContractTest}. */
    static final class OfClass implements ArgumentsProvider {
        @Override
        public java.util.stream.Stream<Arguments> provideArguments(
                ParameterDeclarations parameters, ExtensionContext context) {
            boolean all = !context.getRequiredTestClass().isAnnotationPresent(OnOneChannel.class)
                    || !System.getProperty("weft.it.transports", "").isEmpty();
            return chosen().stream().filter(one -> all || !one.standsIn()).map(Arguments::of);
        }
    }

    Place place(TestScope scope) {
        return new TcpPlace(scope, host);
    }

    /** Opens it for one test; skips the test where this machine lacks it. */
    public Wire open(TestScope scope) {
        Place place = place(scope);
        assumeTrue(canListen(place), () -> this + ": this machine cannot listen there");
        return new Wire(
                this, scope, place, oneThread ? scope.executor(1) : null, secured ? WireSecurity.INSTANCE : null);
    }

    private static boolean canListen(Place place) {
        try (ServerSocketChannel channel = place.openListener()) {
            channel.bind(place.free());
            return true;
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}
