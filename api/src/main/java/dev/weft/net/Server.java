// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Accepts connections and hands each one out as a {@link Stream} ({@code net-api.txt}, net.Server). Create it with
 * {@link Net#createServer(Listener)}.
 *
 * <p><b>Events</b>: {@code listening} once bound; {@code connection} for each client; {@code drop} for each one refused;
 * {@code error} when listening or accepting fails; {@code close} once, when it has stopped and all its connections have
 * ended. {@code listening}, {@code error} and {@code close} wait for their first listener if they happen before there is
 * one, so adding listeners after {@link #listen(int)} misses nothing.
 *
 * <p><b>Threading</b>: every method may be called from any thread and none parks. {@code connection} listeners run on the
 * new stream's own dispatcher, so those of different streams run in parallel; the server's other listeners run one at a
 * time. All may block. A {@code connection} listener that throws destroys that stream alone; an exception from another
 * listener is logged at ERROR.
 *
 * <p><b>Close</b>: {@link #close()} stops accepting at once, leaves the open connections alone, and may be followed by
 * another {@code listen} after {@code close} was told.
 *
 * @since 0.1
 */
public interface Server extends AutoCloseable {
    /**
     * Accepts connections to any IPv4 address of this machine ({@code net-api.txt}, server.listen). Asynchronous.
     *
     * @param port 0 to 65535; 0 lets the system choose, {@link #address()} tells
     * @return this
     * @throws IllegalArgumentException if the port is out of range
     * @throws IllegalStateException if it is listening, or about to, already
     */
    Server listen(int port);

    /**
     * Accepts connections to one address. Asynchronous: failures such as an address in use are told by {@code error}, after
     * which {@code listen} may be called again.
     *
     * @param port 0 to 65535; 0 lets the system choose, {@link #address()} tells
     * @param host a name, whose first address is taken, or a literal address; {@code ::} for every address of both kinds
     * @return this
     * @throws IllegalArgumentException if the port is out of range or the host is empty
     * @throws IllegalStateException if it is listening, or about to, already
     */
    Server listen(int port, String host);

    /**
     * {@link #listen(int)} with a listener for this one {@code listening} event.
     *
     * @param port as there
     * @param listening called once bound, and not at all if that fails
     * @return this
     */
    Server listen(int port, Action listening);

    /**
     * {@link #listen(int, String)} with a listener for this one {@code listening} event.
     *
     * @param port as there
     * @param host as there
     * @param listening called once bound, and not at all if that fails
     * @return this
     */
    Server listen(int port, String host, Action listening);

    /**
     * Accepts connections to a Unix socket ({@code net-api.txt}, server.listen). Asynchronous.
     *
     * <p>A socket file that no one listens on any more, such as that of a killed process, is replaced; of several servers that
     * try, one wins. If someone does listen, or the file is anything but a socket, it is left alone and {@code error} tells
     * {@link NetException.Code#ADDRESS_IN_USE}. (To find out, it is connected to, and what listens there sees a client that
     * leaves at once.) {@link #close()} removes the file, if it is still the one that this server has made.
     *
     * <p>The file's permissions decide who may connect: on Linux whoever may write to it. They are what the process's umask
     * leaves, or {@link ServerOptions#socketFilePermissions(java.util.Set)}.
     *
     * @param path of the socket file, at most 106 bytes long on Linux
     * @return this
     * @throws IllegalArgumentException if the path is empty or the system has no such paths
     * @throws UnsupportedOperationException if {@code dev.weft:weft-unix} is not on the path
     */
    Server listen(String path);

    /**
     * {@link #listen(String)} with a listener for this one {@code listening} event.
     *
     * @param path as there
     * @param listening called once bound, and not at all if that fails
     * @return this
     */
    Server listen(String path, Action listening);

    /**
     * Accepts connections to any kind of address. Asynchronous.
     *
     * @param address a {@link java.net.InetSocketAddress}, of whose name the first address is taken if it is unresolved; with
     *     {@code dev.weft:weft-unix} also a {@link java.net.UnixDomainSocketAddress} (see {@link #listen(String)}), an
     *     {@link AbstractAddress}, and what that module brings
     * @return this
     * @throws UnsupportedOperationException if no transport on the path is for such addresses
     * @throws IllegalStateException if it is listening, or about to, already
     */
    Server listen(SocketAddress address);

    /**
     * {@link #listen(SocketAddress)} with a listener for this one {@code listening} event.
     *
     * @param address as there
     * @param listening called once bound, and not at all if that fails
     * @return this
     */
    Server listen(SocketAddress address, Action listening);

    /**
     * Accepts connections to a descriptor that this process inherited and on which {@code bind(2)} and {@code listen(2)}
     * were called already ({@code net-api.txt}, server.listenFD): a TCP or Unix stream socket, as systemd, inetd or a
     * supervisor hands them over. Asynchronous; a descriptor that is not open, not a socket, not of that kind, not listening,
     * or that another server of this process has already, is told by {@code error}.
     *
     * <p>The descriptor belongs to the server from now on: {@link #close()} closes it, and leaves a Unix socket's file to
     * whoever bound it. Processes that share the socket share its {@code O_NONBLOCK} too, which is set.
     *
     * <p><b>What it takes</b>: no public API of Java makes a channel of a descriptor. So {@code weft-unix} opens a channel,
     * finds the descriptor that the JDK has given it, and puts the inherited one in its place with {@code dup2(2)}, which it
     * calls through {@code java.lang.foreign}. That works on Linux, on Java 21 and later, and prints a warning unless the
     * program is started with {@code --enable-native-access=dev.weft.net.unix} (on the class path {@code =ALL-UNNAMED}).
     * Elsewhere, {@code error} tells that it cannot be had.
     *
     * @param fd the number of the descriptor, 0 or more
     * @return this
     * @throws IllegalArgumentException if it is negative
     * @throws UnsupportedOperationException if {@code dev.weft:weft-unix} is not on the path
     */
    Server listenFD(int fd);

    /**
     * {@link #listenFD(int)} with a listener for this one {@code listening} event.
     *
     * @param fd as there
     * @param listening called once it accepts, and not at all if that fails
     * @return this
     */
    Server listenFD(int fd, Action listening);

    /**
     * Stops accepting. Asynchronous: {@code close} follows, never from inside this call, when all connections have ended.
     * Without effect, and without an event, on a server that is not listening; before it is bound it gives up binding.
     */
    @Override
    void close();

    /** {@return how many connections there may be at once, -1 (the default) for any number} */
    int maxConnections();

    /**
     * Bounds the number of connections; it may be changed at any time and never ends a connection that was accepted. A
     * client beyond it is accepted and ended cleanly at once, and {@code drop} tells the server.
     *
     * @param max 0 to refuse everyone, -1 for any number
     * @return this
     * @throws IllegalArgumentException if below -1
     */
    Server setMaxConnections(int max);

    /** {@return the number of streams that were accepted and have not closed yet} */
    int connections();

    /** {@return where it listens, null before it is bound and after {@link #close()}} */
    @Nullable
    SocketAddress address();

    /**
     * {@return completes with {@link #address()} when bound, or with the reason why not; before {@code listen} was called it
     * stands for the next call}
     */
    CompletableFuture<SocketAddress> bound();

    /** {@return completes after the {@code close} listeners have run; stands for the current or else the next listening} */
    CompletableFuture<Void> closed();

    /**
     * Adds a listener for each new connection. It runs before anything is read, so listeners that it adds to the stream miss
     * nothing; the stream's {@code connect} event follows.
     *
     * @param listener given the stream, in state {@code OPEN}
     * @return to remove it
     */
    Registration onConnection(Listener<? super Stream> listener);

    /**
     * Adds a listener for {@code listening}: the server is bound.
     *
     * @param listener called once per successful {@code listen}, unless {@code close} was called before it was bound
     * @return to remove it
     */
    Registration onListening(Action listener);

    /**
     * Adds a listener for {@code close}: the server does not listen any more and has no connections.
     *
     * @param listener called once per {@code listen} that succeeded or was closed
     * @return to remove it
     */
    Registration onClose(Action listener);

    /**
     * Adds a listener for {@code error}: {@code listen} failed, or accepting does for the time being (it goes on by itself
     * when it can). Without a listener the error is logged.
     *
     * @param listener given the reason
     * @return to remove it
     */
    Registration onError(Listener<? super Throwable> listener);

    /**
     * Adds a listener for {@code drop}: a client was refused because of {@link #maxConnections()}.
     *
     * @param listener given the addresses
     * @return to remove it
     */
    Registration onDrop(Listener<? super Drop> listener);
}
