// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.function.Supplier;

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
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(arguments.threads(), transport);
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(channelType)
                .option(ChannelOption.SO_BACKLOG, Arguments.BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(behaviour.get());
                    }
                })
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
        Control.serveOn(((InetSocketAddress) listener.localAddress()).getPort());
    }

    private static Supplier<ChannelHandler> behaviour(Arguments arguments) {
        return switch (arguments.scenario()) {
            case "echo" -> Echo::new;
            case "twowrites" -> () -> new TwoWrites(arguments.size());
            default -> throw arguments.unknownScenario();
        };
    }

    /** Flushes once per read loop and closes what fails. */
    private abstract static class Answering extends ChannelInboundHandlerAdapter {
        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            System.out.println("connection lost: " + cause);
            context.close();
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
}
