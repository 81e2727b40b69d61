// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;

/** The server on Netty with its native epoll transport; only where Netty has one. */
final class NettyEpollServer {
    private NettyEpollServer() {}

    public static void main(String[] words) throws Exception {
        if (!Epoll.isAvailable()) Control.unavailable("Netty's native epoll: " + Epoll.unavailabilityCause());
        NettyServer.run(Arguments.parse(words), EpollIoHandler.newFactory(), EpollServerSocketChannel.class);
    }
}
