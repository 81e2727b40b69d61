// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;

/**
 * What the servers on Netty have in common. They write as Netty's guide teaches it: writes while reading, one flush
 * when the reading is complete.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails ends its connection: exceptionCaught
final class NettyServer {
    private NettyServer() {}

    static void run(Arguments arguments, IoHandlerFactory transport, Class<? extends ServerChannel> channelType)
            throws IOException, InterruptedException {
        Supplier<ChannelHandler> behaviour = behaviour(arguments);
        Channel listener = bootstrap(arguments, transport, channelType, behaviour)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
        Control.serveOn(((InetSocketAddress) listener.localAddress()).getPort());
    }

    /** The echo on a Unix socket, of a transport that has them. */
    static void runOnPath(Arguments arguments, IoHandlerFactory transport, Class<? extends ServerChannel> channelType)
            throws IOException, InterruptedException {
        Object unused = bootstrap(arguments, transport, channelType, Echo::new)
                .bind(new DomainSocketAddress(UnixPath.free()))
                .sync();
        UnixPath.serve();
    }

    private static ServerBootstrap bootstrap(
            Arguments arguments,
            IoHandlerFactory transport,
            Class<? extends ServerChannel> channelType,
            Supplier<ChannelHandler> behaviour)
            throws SSLException {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(arguments.threads(), transport);
        Optional<SslContext> tls = tls(arguments);
        return new ServerBootstrap()
                .group(group)
                .channel(channelType)
                .option(ChannelOption.SO_BACKLOG, Arguments.BACKLOG)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        tls.ifPresent(context -> channel.pipeline().addLast(context.newHandler(channel.alloc())));
                        channel.pipeline().addLast(behaviour.get());
                    }
                });
    }

    private static Optional<SslContext> tls(Arguments arguments) throws SSLException {
        if (arguments.identity().isEmpty()) return Optional.empty();
        Path identity = arguments.identity().get();
        return Optional.of(SslContextBuilder.forServer(
                        Arguments.certificate(identity).toFile(),
                        Arguments.key(identity).toFile())
                .sslProvider(SslProvider.JDK)
                .protocols(Arguments.TLS_VERSION)
                .build());
    }

    private static Supplier<ChannelHandler> behaviour(Arguments arguments) {
        return switch (arguments.scenario()) {
            case "echo", "connect", "idle", "tls", "handshakes", "tlsidle" -> Echo::new;
            case "twowrites" -> () -> new TwoWrites(arguments.size());
            case "upload", "tlsupload" -> Upload::new;
            case "download", "duplex", "tlsdownload" -> Download::new;
            case "proxy", "proxymsg" -> () -> new ProxyFront(arguments.backendPort());
            case "foreign" -> foreign();
            default -> throw arguments.unknownScenario();
        };
    }

    private static Supplier<ChannelHandler> foreign() {
        ForeignWriters writers = ForeignWriters.start();
        return () -> new Foreign(writers);
    }

    /** Closes what fails. */
    private abstract static class Closing extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            System.out.println("connection lost: " + cause);
            context.close();
        }
    }

    /** Flushes once per read loop. */
    private abstract static class Answering extends Closing {
        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }
    }

    private static final class Echo extends Answering {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.write(message);
        }
    }

    private static final class TwoWrites extends Answering {
        private final Cutter cutter;

        TwoWrites(int size) {
            cutter = new Cutter(size);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            while (bytes.isReadable()) {
                context.write(bytes.readRetainedSlice(cutter.next(bytes.readableBytes())));
            }
            bytes.release();
        }
    }

    private static class Upload extends Closing {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
        }
    }

    private static final class Download extends Upload {
        private static final ByteBuf CHUNK = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(Chunk.direct()));

        @Override
        public void channelActive(ChannelHandlerContext context) {
            fill(context);
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            fill(context);
        }

        private static void fill(ChannelHandlerContext context) {
            if (!context.channel().isWritable()) return;
            do context.write(CHUNK.duplicate());
            while (context.channel().isWritable());
            context.flush();
        }
    }

    /** One side of a proxy: what it reads it writes to the other side, and it stops reading while that is not writable. */
    private abstract static class ProxySide extends Closing {
        abstract Channel other();

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            other().write(message);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            other().flush();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            other().config().setAutoRead(context.channel().isWritable());
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            other().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** The side of the client. It reads nothing before the backend is connected, on the same event loop. */
    private static final class ProxyFront extends ProxySide {
        private final int backendPort;
        private Channel backend; // set before anything is read

        ProxyFront(int backendPort) {
            this.backendPort = backendPort;
        }

        @Override
        Channel other() {
            return Objects.requireNonNull(backend);
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            Channel client = context.channel();
            client.config().setAutoRead(false);
            ChannelFuture connected = new Bootstrap()
                    .group(client.eventLoop())
                    .channel(client.getClass())
                    .option(ChannelOption.TCP_NODELAY, true)
                    .handler(new ProxyBack(client))
                    .connect("127.0.0.1", backendPort);
            backend = connected.channel();
            connected.addListener(future -> {
                if (future.isSuccess()) client.config().setAutoRead(true);
                else client.close();
            });
        }
    }

    private static final class ProxyBack extends ProxySide {
        private final Channel client;

        ProxyBack(Channel client) {
            this.client = client;
        }

        @Override
        Channel other() {
            return client;
        }
    }

    private static final class Foreign extends Upload {
        private final ForeignWriters writers;
        private ForeignWriters.Sink sink;

        Foreign(ForeignWriters writers) {
            this.writers = writers;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            Channel channel = context.channel();
            sink = writers.add(message -> {
                channel.writeAndFlush(Unpooled.wrappedBuffer(message));
                return channel.isWritable();
            });
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            if (sink != null && context.channel().isWritable()) sink.writable();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (sink != null) sink.closed();
        }
    }
}
