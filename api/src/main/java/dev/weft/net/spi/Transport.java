// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.spi;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One connection as the engine sees it: an ordered, two-way channel of bytes with blocking reads and writes. What
 * distinguishes TCP, Unix sockets and TLS is behind it; streams, queues, events and timeouts are the engine's.
 *
 * <p><b>Threading</b>: the engine has at most one thread in {@link #read} and at most one in {@link #write} or
 * {@link #flush}, both possibly at once. It calls {@link #configureBlocking} only while no thread is in either, from any
 * thread. {@link #close} and {@link #reset} may come at any time, from any thread, more than once. Parked calls must park
 * virtual threads, not their carriers.
 *
 * <p><b>Close</b>: {@link #close} and {@link #reset} wake up parked calls, which then throw.
 *
 * @since 0.1
 */
public interface Transport {
    /** {@return what messages call this kind of connection, such as {@code "tcp"}} */
    String protocol();

    /**
     * Establishes the connection. Called once, before anything else but {@link #setOption} and {@link #close}, and never on a
     * transport that an {@link Acceptor} gave. Parks.
     *
     * @param remote the peer
     * @throws IOException if it fails or is closed meanwhile
     */
    void connect(SocketAddress remote) throws IOException;

    /**
     * Reads what is there, and in blocking mode parks until something is.
     *
     * @param target has room for one byte or more
     * @return how many bytes were read; 0 only when not in blocking mode, or during a handshake; -1 after the peer has ended its side
     * @throws IOException if the connection has failed or is closed
     */
    int read(ByteBuffer target) throws IOException;

    /**
     * Writes from one buffer, whose position moves on. In blocking mode it parks until it has written something; otherwise it
     * never parks and may write nothing.
     *
     * @param source has one byte or more
     * @return how many bytes were taken
     * @throws IOException if the connection has failed or is closed
     */
    int write(ByteBuffer source) throws IOException;

    /**
     * Writes from several buffers, in order, as {@link #write(ByteBuffer)} does from one.
     *
     * @param sources the buffers
     * @param count how many of them, from the first, to take
     * @return how many bytes were taken
     * @throws IOException if the connection has failed or is closed
     */
    long write(ByteBuffer[] sources, int count) throws IOException;

    /**
     * Hands to the kernel what {@link #write} has taken but still holds, such as an encrypted record. In blocking mode it parks
     * until all of it is with the kernel; otherwise it never parks.
     *
     * @return whether nothing is held any more
     * @throws IOException if the connection has failed or is closed
     */
    default boolean flush() throws IOException {
        return true;
    }

    /**
     * Chooses between calls that park (the state at first) and calls that never do. It should cost little: the engine calls it
     * twice for a read that is answered.
     *
     * @param block whether {@link #read} and {@link #write} may park
     * @throws IOException if the connection is closed
     */
    void configureBlocking(boolean block) throws IOException;

    /**
     * Makes what must still be sent after the last byte, such as TLS's close_notify; {@link #flush} and
     * {@link #shutdownOutput} follow. Called at most once.
     *
     * @throws IOException if the connection has failed or is closed
     */
    default void finishOutput() throws IOException {}

    /**
     * Ends our side (FIN). Called at most once, when nothing is held; the peer's side stays open.
     *
     * @throws IOException if the connection has failed or is closed
     */
    void shutdownOutput() throws IOException;

    /** {@return our own address, null before there is a connection; kept after close} */
    @Nullable
    SocketAddress localAddress();

    /** {@return the peer's address, null before there is a connection; kept after close} */
    @Nullable
    SocketAddress remoteAddress();

    /**
     * Sets a socket option.
     *
     * @param option which
     * @param value what
     * @param <T> its type
     * @return false if this kind of connection has no such option
     * @throws IOException if the system refuses
     */
    <T> boolean setOption(SocketOption<T> option, T value) throws IOException;

    /**
     * What this kind of connection can do beyond what all of them can, see {@link dev.weft.net.Stream#feature}. From any
     * thread, at any time.
     *
     * @param type of what is asked for
     * @param <T> of what is asked for
     * @return null if it cannot
     */
    default <T> @Nullable T feature(Class<T> type) {
        return null;
    }

    /** Lets go of the connection now. Runs all its steps and does not throw. */
    void close();

    /** {@link #close} with RST where there is such a thing. */
    void reset();
}
