// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.spi;

import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;

/**
 * An engine: what runs servers and streams. Found with {@link java.util.ServiceLoader}; {@code weft-loom} is one.
 *
 * <p><b>Threading</b>: any thread.
 *
 * @since 0.1
 */
public interface NetProvider {
    /**
     * {@return a server that is not listening yet}
     *
     * @param options of the server
     */
    Server createServer(ServerOptions options);

    /**
     * {@return a stream that is not connected yet}
     *
     * @param options of the stream
     */
    Stream createStream(StreamOptions options);

    /**
     * {@return the engine on the class or module path}
     *
     * @throws UnsupportedOperationException if there is none
     */
    static NetProvider installed() {
        return Installed.require(Installed.NET, "Net", "dev.weft:weft-loom");
    }
}
