// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;

/** The server on Netty with its native epoll transport; only where Netty has one. */
final class NettyEpollServer {
    private NettyEpollServer() {}

    public static void main(String[] words) throws Exception {
        if (!Epoll.isAvailable()) Control.unavailable("Netty's native epoll: " + Epoll.unavailabilityCause());
        Arguments arguments = Arguments.parse(words);
        if (UnixPath.isFor(arguments)) {
            NettyServer.runOnPath(arguments, EpollIoHandler.newFactory(), EpollServerDomainSocketChannel.class);
        } else {
            NettyServer.run(arguments, EpollIoHandler.newFactory(), EpollServerSocketChannel.class);
        }
    }
}
