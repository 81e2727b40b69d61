// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import dev.weft.net.Credentials;
import dev.weft.net.Listener;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.LinkedBlockingQueue;

/** Servers and clients that are secured from the first byte, for tests of TLS over TCP, with their events. */
public final class Tls {
    private final TestScope scope;
    private final LinkedBlockingQueue<Events> accepted = new LinkedBlockingQueue<>();

    public Tls(TestScope scope) {
        this.scope = scope;
    }

    /** {@return a server that secures what it accepts} */
    public Server server(Credentials credentials) {
        return server(credentials, stream -> {});
    }

    /** {@return a server that secures what it accepts, and then does something with it} */
    public Server server(Credentials credentials, Listener<? super Stream> then) {
        return listening(stream -> {
            // Before a test gets hold of it: what that writes would go out in plain text.
            stream.setSecure(credentials);
            accepted.add(Events.of(scope, stream));
            then.handle(stream);
        });
    }

    /** {@return a server that secures what it accepts, and sends back what it reads} */
    public Server echo(Credentials credentials) {
        return server(credentials, stream -> stream.onData(stream::write));
    }

    /** {@return a server whose listener may secure what it accepts} */
    public Server plainServer(Listener<? super Stream> listener) {
        return listening(stream -> {
            accepted.add(Events.of(scope, stream));
            listener.handle(stream);
        });
    }

    private Server listening(Listener<? super Stream> listener) {
        Server server = Net.createServer(ServerOptions.defaults(), stream -> {
            scope.add(stream);
            listener.handle(stream);
        });
        scope.add(server).listen(0, "127.0.0.1");
        Object unused = Await.value("the server is bound", server.bound());
        return server;
    }

    /** {@return the events of the next stream that a server has accepted} */
    public Events accepted() {
        return Await.next("a connection is accepted", accepted);
    }

    public static int port(Server server) {
        return ((InetSocketAddress) server.address()).getPort();
    }

    /** {@return the events of a stream that connects and is secured} */
    public Events connect(int port, String host, Credentials credentials) {
        Events events = plain(port, host);
        events.stream().setSecure(credentials);
        return events;
    }

    /** {@return the events of a stream that connects to {@code localhost} and is secured} */
    public Events connect(Server server, Credentials credentials) {
        return connect(port(server), "localhost", credentials);
    }

    /** {@return the events of a stream that is not connected yet} */
    public Events stream() {
        return Events.of(scope, scope.add(Net.createStream()));
    }

    /** {@return the events of a stream that connects} */
    public Events plain(int port, String host) {
        Events events = stream();
        events.stream().connect(port, host);
        return events;
    }

    /** {@return a socket that is connected to a server, in plain text, with a bound on its waits} */
    public Socket socket(Server server) throws IOException {
        Socket socket = scope.add(new Socket());
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) Await.LIMIT.toMillis());
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port(server)));
        return socket;
    }

    /** {@return a socket that listens, with a bound on its waits} */
    public ServerSocket listener() throws IOException {
        ServerSocket socket = scope.add(new ServerSocket(0, 10, InetAddress.getLoopbackAddress()));
        socket.setSoTimeout((int) Await.LIMIT.toMillis());
        return socket;
    }
}
