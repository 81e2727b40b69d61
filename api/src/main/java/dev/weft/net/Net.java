// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import dev.weft.net.spi.NetProvider;
import java.net.SocketAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The way in: creates servers and streams, and tells IP addresses from other text. It is Node's {@code net} module, with
 * {@code net-api.txt} as its document.
 *
 * <p><b>Threading</b>: any thread.
 *
 * @since 0.1
 */
public final class Net {
    private Net() {}

    /** {@return a server with default options and no listener yet} */
    public static Server createServer() {
        return NetProvider.installed().createServer(ServerOptions.defaults());
    }

    /**
     * A server with default options ({@code net-api.txt}, net.createServer).
     *
     * @param connectionListener called with each new stream, see {@link Server#onConnection}
     * @return the server, not listening yet
     */
    public static Server createServer(Listener<? super Stream> connectionListener) {
        return createServer(ServerOptions.defaults(), connectionListener);
    }

    /**
     * A server.
     *
     * @param options for the server and its streams
     * @param connectionListener called with each new stream, see {@link Server#onConnection}
     * @return the server, not listening yet
     */
    public static Server createServer(ServerOptions options, Listener<? super Stream> connectionListener) {
        Objects.requireNonNull(connectionListener, "connectionListener");
        Server server = NetProvider.installed().createServer(Objects.requireNonNull(options, "options"));
        server.onConnection(connectionListener);
        return server;
    }

    /** {@return a stream in state {@code CLOSED}; {@link Stream#connect(int, String) connect} opens it} */
    public static Stream createStream() {
        return createStream(StreamOptions.defaults());
    }

    /**
     * A stream to connect later. Add its listeners first, then connect: so none of them can be late.
     *
     * @param options for this stream
     * @return a stream in state {@code CLOSED}; {@link Stream#connect(int, String) connect} opens it
     */
    public static Stream createStream(StreamOptions options) {
        return NetProvider.installed().createStream(Objects.requireNonNull(options, "options"));
    }

    /**
     * A stream that is being opened to {@code 127.0.0.1} ({@code net-api.txt}, net.createConnection).
     *
     * @param port 1 to 65535
     * @return a stream in state {@code OPENING}
     * @throws IllegalArgumentException if the port is out of range
     */
    public static Stream createConnection(int port) {
        return createStream().connect(port);
    }

    /**
     * A stream that is being opened ({@code net-api.txt}, net.createConnection). Listeners added to it afterwards miss
     * nothing: see {@link Stream} on events that nobody has heard yet.
     *
     * @param port 1 to 65535
     * @param host a name or a literal address
     * @return a stream in state {@code OPENING}
     * @throws IllegalArgumentException if the port is out of range or the host is empty
     */
    public static Stream createConnection(int port, String host) {
        return createStream().connect(port, host);
    }

    /**
     * A stream that is being opened to a Unix socket.
     *
     * @param path of the socket file
     * @return a stream in state {@code OPENING}
     * @throws IllegalArgumentException if the path is empty or the system has no such paths
     * @throws UnsupportedOperationException if {@code dev.weft:weft-unix} is not on the path
     */
    public static Stream createConnection(String path) {
        return createStream().connect(path);
    }

    /**
     * A stream that is being opened to any kind of address, see {@link Stream#connect(SocketAddress)}.
     *
     * @param remote where to
     * @return a stream in state {@code OPENING}
     * @throws UnsupportedOperationException if no transport on the path is for such addresses
     */
    public static Stream createConnection(SocketAddress remote) {
        return createStream().connect(remote);
    }

    /**
     * Tests if text is an IP address ({@code net-api.txt}, net.isIP): what {@code inet_pton} takes, and an IPv6 address
     * with a zone. No blanks, no brackets, no port, no leading zeros, no short forms such as {@code 127.1}.
     *
     * @param input any text; null is no address
     * @return 4, 6, or 0 for anything else
     */
    public static int isIP(@Nullable String input) {
        return IpLiteral.version(input);
    }

    /**
     * Tests if text is an IPv4 address, as {@link #isIP} does.
     *
     * @param input any text; null is no address
     * @return whether {@link #isIP} gives 4
     */
    public static boolean isIPv4(@Nullable String input) {
        return isIP(input) == 4;
    }

    /**
     * Tests if text is an IPv6 address, as {@link #isIP} does.
     *
     * @param input any text; null is no address
     * @return whether {@link #isIP} gives 6
     */
    public static boolean isIPv6(@Nullable String input) {
        return isIP(input) == 6;
    }
}
