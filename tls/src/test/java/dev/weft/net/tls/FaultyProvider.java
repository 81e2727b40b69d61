// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import dev.weft.net.ServerOptions;
import dev.weft.net.spi.Acceptor;
import dev.weft.net.spi.Transport;
import dev.weft.net.spi.TransportProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What the tests connect to by a path: sockets over loopback with {@linkplain FaultyTransport faults}. The path says which:
 * {@code /cut/3/17} is pieces of up to 3 bytes with seed 17, {@code /collect/20000/5} collects.
 */
public final class FaultyProvider implements TransportProvider {
    private static final Map<SocketAddress, SocketAddress> LISTENING = new ConcurrentHashMap<>();

    @Override
    public String protocol() {
        return "faulty";
    }

    @Override
    public boolean supports(SocketAddress address) {
        return address instanceof UnixDomainSocketAddress;
    }

    private static Transport faulty(SocketChannel channel, SocketAddress address, long side) {
        String[] parts =
                ((UnixDomainSocketAddress) address).getPath().toString().split("/", -1);
        return new FaultyTransport(
                channel,
                new SplittableRandom(2 * Long.parseLong(parts[3]) + side),
                Integer.parseInt(parts[2]),
                parts[1].equals("collect"));
    }

    @Override
    public Transport open(SocketAddress remote) throws IOException {
        SocketChannel channel = SocketChannel.open();
        Transport faulty = faulty(channel, remote, 0);
        return new Forwarding(faulty) {
            @Override
            public void connect(SocketAddress address) throws IOException {
                channel.connect(LISTENING.get(address));
            }
        };
    }

    @Override
    public Acceptor listen(SocketAddress local, ServerOptions options) throws IOException {
        ServerSocketChannel channel =
                ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        LISTENING.put(local, channel.getLocalAddress());
        return new Acceptor() {
            @Override
            public String protocol() {
                return "faulty";
            }

            @Override
            public SocketAddress address() {
                return local;
            }

            @Override
            public Transport accept() throws IOException {
                return faulty(channel.accept(), local, 1);
            }

            @Override
            public boolean isOpen() {
                return channel.isOpen();
            }

            @Override
            public void close() {
                LISTENING.remove(local);
                try {
                    channel.close();
                } catch (IOException e) {
                    throw new AssertionError("closing", e);
                }
            }
        };
    }
}
