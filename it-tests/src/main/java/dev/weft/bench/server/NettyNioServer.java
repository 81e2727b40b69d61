// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;

/** The server on Netty with the JDK's selector: what everything else is compared with. */
final class NettyNioServer {
    private NettyNioServer() {}

    public static void main(String[] words) throws Exception {
        NettyServer.run(Arguments.parse(words), NioIoHandler.newFactory(), NioServerSocketChannel.class);
    }
}
