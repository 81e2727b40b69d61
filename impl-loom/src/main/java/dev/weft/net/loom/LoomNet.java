// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;
import dev.weft.net.spi.NetProvider;

/** The engine's entry. */
public final class LoomNet implements NetProvider {
    /** For the service loader. */
    public LoomNet() {}

    @Override
    public Server createServer(ServerOptions options) {
        return new LoomServer(options);
    }

    @Override
    public Stream createStream(StreamOptions options) {
        return new LoomStream(options);
    }
}
