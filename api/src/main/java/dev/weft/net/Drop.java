// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import java.net.SocketAddress;

/**
 * A connection that a {@link Server} refused because it had {@link Server#maxConnections()} already.
 *
 * @param local the server's end
 * @param remote the client's end
 * @since 0.1
 */
public record Drop(SocketAddress local, SocketAddress remote) {}
