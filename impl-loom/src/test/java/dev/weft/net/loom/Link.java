// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.loom.channel.ChannelTransport;
import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.SplittableRandom;

/** Two connected transports, whose {@link ThreadingContract} is watched. */
enum Link {
    TCP,
    TCP_IN_PIECES,
    PIPE,
    PIPE_IN_PIECES;

    Transport[] open(SplittableRandom random) throws IOException {
        Transport[] ends = switch (this) {
            case TCP, TCP_IN_PIECES -> tcp();
            case PIPE, PIPE_IN_PIECES -> PipeTransport.pair(1 + random.nextInt(10_000));
        };
        return new Transport[] {watch(ends[0], random), watch(ends[1], random)};
    }

    private Transport watch(Transport end, SplittableRandom random) {
        return switch (this) {
            case TCP, PIPE -> new CheckedTransport(end);
            case TCP_IN_PIECES, PIPE_IN_PIECES ->
                new ChunkingTransport(end, random.split(), 1 + random.nextInt(random.nextBoolean() ? 20 : 3000));
        };
    }

    private static Transport[] tcp() throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(Names.address(0, "127.0.0.1"));
            ChannelTransport client = new ChannelTransport(SocketChannel.open(), "tcp");
            client.connect(listener.getLocalAddress());
            return new Transport[] {client, new ChannelTransport(listener.accept(), "tcp").connected()};
        }
    }
}
