// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.Net;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Looks up host names. The system's resolver blocks in native code, which would hold a virtual thread's carrier for as long
 * as a name server does not answer; so it runs on platform threads. Literal addresses need no lookup.
 */
final class Names {
    /** As many slow names at once; further ones wait. */
    private static final int THREADS = 16;

    private static final int PORT_LIMIT = 0xffff;

    private Names() {}

    /**
     * The address of a literal, or an unresolved one.
     *
     * @throws IllegalArgumentException if the port is out of range or the host is empty
     */
    static InetSocketAddress address(int port, String host) {
        checkPort(port);
        if (host.isEmpty()) {
            throw new IllegalArgumentException("host is empty");
        }
        if (Net.isIP(host) != 0) {
            try {
                return new InetSocketAddress(InetAddress.getByName(host), port);
            } catch (UnknownHostException e) {
                // a zone that this machine does not have: the lookup will say so
                Log.debug("literal " + host, e);
            }
        }
        return InetSocketAddress.createUnresolved(host, port);
    }

    /**
     * @throws IllegalArgumentException if the path is empty or the system has no such paths
     */
    static UnixDomainSocketAddress unix(String path) {
        if (path.isEmpty()) {
            throw new IllegalArgumentException("path is empty");
        }
        return UnixDomainSocketAddress.of(path);
    }

    static void checkPort(int port) {
        if (port < 0 || port > PORT_LIMIT) {
            throw new IllegalArgumentException("port not within 0 to 65535: " + port);
        }
    }

    /** The addresses of a name, one or more, in the system's order; or an {@link UnknownHostException} as the cause. */
    static CompletableFuture<List<InetAddress>> lookup(String host) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return List.of(InetAddress.getAllByName(host));
                    } catch (UnknownHostException e) {
                        throw new CompletionException(e);
                    }
                },
                Resolver.THREADS);
    }

    /** Made when the first name is looked up. */
    private static final class Resolver {
        static final Executor THREADS = create();

        private static Executor create() {
            ThreadPoolExecutor pool = new ThreadPoolExecutor(
                    Names.THREADS,
                    Names.THREADS,
                    10,
                    TimeUnit.SECONDS,
                    new LinkedBlockingQueue<>(),
                    Thread.ofPlatform()
                            .name("weft-names-", 1)
                            .daemon(true)
                            .inheritInheritableThreadLocals(false)
                            .factory());
            pool.allowCoreThreadTimeOut(true);
            return pool;
        }
    }
}
