// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench.server;

import dev.weft.net.Listener;
import dev.weft.net.NetException;
import dev.weft.net.ReadyState;
import dev.weft.net.Stream;
import java.io.IOException;
import java.io.OutputStream;

/** The server on weft's blocking face: a listener that reads and writes like a thread of its own. */
final class WeftBlockingServer {
    private WeftBlockingServer() {}

    public static void main(String[] words) throws Exception {
        Arguments arguments = Arguments.parse(words);
        WeftServer.listen(arguments, behaviour(arguments));
    }

    private static Listener<Stream> behaviour(Arguments arguments) {
        return switch (arguments.scenario()) {
            case "echo", "connect", "idle", "tls", "handshakes", "tlsidle" ->
                stream -> stream.inputStream().transferTo(stream.outputStream());
            case "upload", "tlsupload" -> WeftBlockingServer::upload;
            case "download", "duplex", "tlsdownload" -> WeftBlockingServer::download;
            default -> throw arguments.unknownScenario();
        };
    }

    private static void upload(Stream stream) throws IOException {
        stream.inputStream().transferTo(OutputStream.nullOutputStream());
    }

    /** Another thread reads, and ends the writing when the client has. */
    private static void download(Stream stream) throws IOException {
        byte[] chunk = Chunk.array();
        OutputStream out = stream.outputStream();
        Thread.ofVirtual().start(() -> readToTheEnd(stream));
        try {
            for (; ; ) out.write(chunk);
        } catch (NetException e) {
            if (stream.readyState() != ReadyState.CLOSED) throw e;
        }
    }

    private static void readToTheEnd(Stream stream) {
        try {
            upload(stream);
            stream.destroy();
        } catch (IOException e) {
            stream.destroy(e);
        }
    }
}
