// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.PemKeyCertOptions;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The server on Vert.x with the JDK's selector: one verticle instance per event loop. */
final class VertxServer {
    /** Stands for one port, found by the system, that all instances of a verticle share. */
    private static final int SHARED_PORT = -1;

    private static final int CHUNKS = 16; // before the event loop has its turn; as Netty's own limit of writes

    private static final Buffer CHUNK = Buffer.buffer(Chunk.array());

    private VertxServer() {}

    public static void main(String[] words) throws Exception {
        Arguments arguments = Arguments.parse(words);
        CompletableFuture<Integer> port = new CompletableFuture<>();
        Vertx vertx = Vertx.vertx(
                new VertxOptions().setEventLoopPoolSize(arguments.threads()).setPreferNativeTransport(false));
        Handler<NetSocket> behaviour = behaviour(arguments, vertx);
        vertx.deployVerticle(
                        () -> new Verticle(arguments, behaviour, port),
                        new DeploymentOptions().setInstances(arguments.threads()))
                .await();
        Control.serveOn(port.get(10, TimeUnit.SECONDS));
    }

    private static Handler<NetSocket> behaviour(Arguments arguments, Vertx vertx) {
        return switch (arguments.scenario()) {
            case "echo", "connect", "idle", "tls", "handshakes", "tlsidle" -> socket -> socket.handler(socket::write);
            case "twowrites" -> socket -> writeTwice(socket, arguments.size());
            case "upload", "tlsupload" -> VertxServer::upload;
            case "download", "duplex", "tlsdownload" -> VertxServer::download;
            case "proxy", "proxymsg" -> proxy(vertx, arguments.backendPort());
            case "foreign" -> foreign();
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

    private static void upload(NetSocket socket) {
        socket.handler(bytes -> {});
    }

    private static void download(NetSocket socket) {
        Context context = Vertx.currentContext();
        upload(socket);
        socket.drainHandler(drained -> fill(socket, context));
        fill(socket, context);
    }

    /** With pauses: the queue need not get full at all while the client reads as fast as we write. */
    private static void fill(NetSocket socket, Context context) {
        for (int i = 0; i < CHUNKS && !socket.writeQueueFull(); i++)
            socket.write(CHUNK).onFailure(closed -> {});
        if (!socket.writeQueueFull()) context.runOnContext(later -> fill(socket, context));
    }

    private static Handler<NetSocket> proxy(Vertx vertx, int backendPort) {
        NetClient client = vertx.createNetClient(new NetClientOptions().setTcpNoDelay(true));
        return socket -> {
            socket.pause();
            client.connect(backendPort, "127.0.0.1")
                    .onSuccess(backend -> {
                        socket.pipeTo(backend);
                        backend.pipeTo(socket);
                    })
                    .onFailure(cause -> socket.close());
        };
    }

    private static Handler<NetSocket> foreign() {
        ForeignWriters writers = ForeignWriters.start();
        return socket -> {
            ForeignWriters.Sink sink = writers.add(message -> {
                socket.write(Buffer.buffer(message));
                return !socket.writeQueueFull();
            });
            socket.drainHandler(drained -> sink.writable());
            socket.closeHandler(closed -> sink.closed());
        };
    }

    private static final class Verticle extends VerticleBase {
        private final Arguments arguments;
        private final Handler<NetSocket> behaviour;
        private final CompletableFuture<Integer> port;

        Verticle(Arguments arguments, Handler<NetSocket> behaviour, CompletableFuture<Integer> port) {
            this.arguments = arguments;
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
            arguments
                    .identity()
                    .ifPresent(identity -> options.setSsl(true)
                            .setKeyCertOptions(new PemKeyCertOptions()
                                    .setKeyPath(Arguments.key(identity).toString())
                                    .setCertPath(Arguments.certificate(identity).toString()))
                            .setEnabledSecureTransportProtocols(Set.of(Arguments.TLS_VERSION)));
            return vertx.createNetServer(options)
                    .connectHandler(behaviour)
                    .listen()
                    .map(NetServer::actualPort)
                    .onSuccess(port::complete);
        }
    }
}
