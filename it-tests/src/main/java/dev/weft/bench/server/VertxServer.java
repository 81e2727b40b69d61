// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The server on Vert.x with the JDK's selector: one verticle instance per event loop. */
final class VertxServer {
    /** Stands for one port, found by the system, that all instances of a verticle share. */
    private static final int SHARED_PORT = -1;

    private VertxServer() {}

    public static void main(String[] words) throws Exception {
        Arguments arguments = Arguments.parse(words);
        Handler<NetSocket> behaviour = behaviour(arguments);
        CompletableFuture<Integer> port = new CompletableFuture<>();
        Vertx vertx = Vertx.vertx(
                new VertxOptions().setEventLoopPoolSize(arguments.threads()).setPreferNativeTransport(false));
        vertx.deployVerticle(
                        () -> new Verticle(behaviour, port), new DeploymentOptions().setInstances(arguments.threads()))
                .await();
        Control.serveOn(port.get(10, TimeUnit.SECONDS));
    }

    private static Handler<NetSocket> behaviour(Arguments arguments) {
        return switch (arguments.scenario()) {
            case "echo" -> socket -> socket.handler(socket::write);
            case "twowrites" -> socket -> writeTwice(socket, arguments.size());
            default -> throw arguments.unknownScenario();
        };
    }

    private static void writeTwice(NetSocket socket, int size) {
        Cutter cutter = new Cutter(size);
        socket.handler(bytes -> {
            for (int start = 0; start < bytes.length(); ) {
                int end = start + cutter.next(bytes.length() - start);
                socket.write(bytes.slice(start, end));
                start = end;
            }
        });
    }

    private static final class Verticle extends VerticleBase {
        private final Handler<NetSocket> behaviour;
        private final CompletableFuture<Integer> port;

        Verticle(Handler<NetSocket> behaviour, CompletableFuture<Integer> port) {
            this.behaviour = behaviour;
            this.port = port;
        }

        @Override
        public io.vertx.core.Future<?> start() {
            NetServerOptions options = new NetServerOptions()
                    .setHost("127.0.0.1")
                    .setPort(SHARED_PORT)
                    .setTcpNoDelay(true)
                    .setAcceptBacklog(Arguments.BACKLOG);
            return vertx.createNetServer(options)
                    .connectHandler(behaviour)
                    .listen()
                    .map(NetServer::actualPort)
                    .onSuccess(port::complete);
        }
    }
}
