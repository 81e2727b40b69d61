// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import dev.weft.net.Action;
import dev.weft.net.Credentials;
import dev.weft.net.Listener;
import dev.weft.net.Net;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;

/** The server on weft, through its public API and with its defaults. */
final class WeftServer {
    private static final ByteBuffer CHUNK = Chunk.direct();

    private WeftServer() {}

    public static void main(String[] words) throws Exception {
        Arguments arguments = Arguments.parse(words);
        if (UnixPath.isFor(arguments)) listenOnPath(stream -> stream.onData(stream::write));
        else listen(arguments, behaviour(arguments));
    }

    /** Serves until the benchmark ends the process. */
    static void listen(Arguments arguments, Listener<Stream> behaviour)
            throws ExecutionException, IOException, InterruptedException {
        Optional<Credentials> credentials = credentials(arguments);
        Server server = Net.createServer(ServerOptions.defaults().backlog(Arguments.BACKLOG), stream -> {
            stream.setNoDelay();
            credentials.ifPresent(stream::setSecure);
            behaviour.handle(stream);
        });
        server.listen(0, "127.0.0.1");
        Control.serveOn(((InetSocketAddress) server.bound().get()).getPort());
    }

    private static Optional<Credentials> credentials(Arguments arguments) throws IOException {
        if (arguments.identity().isEmpty()) return Optional.empty();
        Path identity = arguments.identity().get();
        return Optional.of(Credentials.builder()
                .key(Arguments.key(identity))
                .cert(Arguments.certificate(identity))
                .protocols(Arguments.TLS_VERSION)
                .build());
    }

    private static void listenOnPath(Listener<Stream> behaviour)
            throws ExecutionException, IOException, InterruptedException {
        Server server = Net.createServer(ServerOptions.defaults().backlog(Arguments.BACKLOG), behaviour);
        Object unused = server.listen(UnixPath.free()).bound().get();
        UnixPath.serve();
    }

    private static Listener<Stream> behaviour(Arguments arguments) {
        return switch (arguments.scenario()) {
            case "echo", "connect", "idle", "tls", "handshakes", "tlsidle" -> stream -> stream.onData(stream::write);
            case "twowrites" -> stream -> writeTwice(stream, arguments.size());
            case "upload", "tlsupload" -> WeftServer::upload;
            case "download", "duplex", "tlsdownload" -> WeftServer::download;
            case "proxy", "proxymsg" -> stream -> proxy(stream, arguments.backendPort());
            case "foreign" -> foreign();
            default -> throw arguments.unknownScenario();
        };
    }

    private static void writeTwice(Stream stream, int size) {
        Cutter cutter = new Cutter(size);
        stream.onData(bytes -> {
            while (bytes.hasRemaining()) {
                int part = cutter.next(bytes.remaining());
                ByteBuffer next = bytes.slice(bytes.position(), part);
                bytes.position(bytes.position() + part);
                stream.write(next);
            }
        });
    }

    private static void upload(Stream stream) {
        stream.onData(bytes -> {});
    }

    private static void download(Stream stream) {
        Action fill = () -> {
            while (stream.readyState() == ReadyState.OPEN && stream.write(CHUNK)) {
                // the kernel has taken it: the next one
            }
        };
        upload(stream);
        stream.onDrain(fill);
        stream.onConnect(fill);
    }

    private static void proxy(Stream client, int backendPort) {
        Stream backend = Net.createConnection(backendPort);
        backend.setNoDelay();
        pipe(client, backend);
        pipe(backend, client);
    }

    private static void pipe(Stream from, Stream to) {
        from.onData(bytes -> {
            from.pause(); // first, since drain may be told at once, on another thread
            if (to.write(bytes)) from.resume();
        });
        to.onDrain(from::resume);
        from.onClose(hadError -> to.close());
    }

    private static Listener<Stream> foreign() {
        ForeignWriters writers = ForeignWriters.start();
        return stream -> {
            ForeignWriters.Sink sink =
                    writers.add(message -> stream.write(message) || stream.bufferedBytes() < ForeignWriters.ENOUGH);
            stream.onDrain(sink::writable);
            stream.onClose(hadError -> sink.closed());
        };
    }
}
