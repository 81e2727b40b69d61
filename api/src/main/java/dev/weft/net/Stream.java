// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One connection, with two halves that end on their own ({@code net-api.txt}, net.Stream). A {@link Server} gives them to
 * its {@code connection} listeners; {@link Net#createStream()} and {@link Net#createConnection(int, String)} make them for
 * clients.
 *
 * <p><b>Events</b> come in this order: {@code connect}, {@code secure}, {@code data} any number of times, {@code end},
 * {@code close}. {@code error} comes at most once, directly before {@code close(true)}; {@code close} comes exactly once
 * per connection, whatever happened. {@code drain} and {@code timeout} come in between.
 *
 * <p>Bytes flow from the start: those that arrive with no {@code data} or {@code text} listener are counted and dropped.
 * Listeners that a {@code connection} listener adds miss nothing. Nor do listeners added just after {@code connect} was
 * called: {@code connect}, {@code secure}, {@code end}, {@code error} and {@code close} wait for their first listener if
 * they happen before there is one, and so do, for up to 200 ms, the first bytes of a connection that we opened.
 *
 * <p><b>Threading</b>: every method may be called from any thread. All listeners of one stream run one at a time, in the
 * order of the events, on a virtual thread (or where {@link StreamOptions#dispatcher()} says). They may block: only their
 * own stream waits, and TCP pushes back on its peer. No method parks, except on the {@linkplain #inputStream() blocking
 * face}; {@link #write(ByteBuffer) write} in particular never does. A listener that throws destroys its stream with what it
 * threw.
 *
 * <p><b>Close</b>: there are four ways to finish. {@link #end()} sends what is queued, then FIN, and goes on reading;
 * {@link #close()} sends what is queued, then FIN, and lets go of the connection; {@link #destroy()} lets go of it at once;
 * {@link #reset()} does so with RST. After {@code close} was told, {@code connect} opens the same object again, with the
 * listeners and settings it has.
 *
 * @since 0.1
 */
public interface Stream extends AutoCloseable {
    /**
     * {@link #connect(int, String)} to {@code 127.0.0.1}.
     *
     * @param port as there
     * @return this
     */
    Stream connect(int port);

    /**
     * Opens the stream ({@code net-api.txt}, stream.connect). Asynchronous: {@code connect} tells success, {@code error} and
     * {@code close(true)} tell failure. Each address of a name is tried.
     *
     * @param port 0 to 65535
     * @param host a name or a literal address
     * @return this
     * @throws IllegalArgumentException if the port is out of range or the host is empty
     * @throws IllegalStateException if the stream is open or being opened, or {@code close} has not been told yet
     */
    Stream connect(int port, String host);

    /**
     * Opens the stream to a Unix socket ({@code net-api.txt}, net.Stream). Asynchronous. As long as the server's backlog is
     * full it goes on trying; {@link StreamOptions#connectTimeout()} bounds that.
     *
     * @param path of the socket file, at most 106 bytes long on Linux
     * @return this
     * @throws IllegalArgumentException if the path is empty or the system has no such paths
     * @throws UnsupportedOperationException if {@code dev.weft:weft-unix} is not on the path
     * @throws IllegalStateException as {@link #connect(int, String)}
     */
    Stream connect(String path);

    /**
     * Opens the stream to any kind of address. Asynchronous.
     *
     * @param remote a {@link java.net.InetSocketAddress}, whose name is looked up if it is unresolved; with
     *     {@code dev.weft:weft-unix} also a {@link java.net.UnixDomainSocketAddress}, an {@link AbstractAddress}, and what
     *     that module brings
     * @return this
     * @throws UnsupportedOperationException if no transport on the path is for such addresses
     * @throws IllegalStateException as {@link #connect(int, String)}
     */
    Stream connect(SocketAddress remote);

    /**
     * Adds a listener for {@code connect}: the connection is established. A stream that a server accepted tells it too,
     * after the {@code connection} listeners.
     *
     * @param listener called once per connection
     * @return to remove it
     */
    Registration onConnect(Action listener);

    /**
     * Adds a listener for {@code secure}: the handshake that {@link #setSecure()} asked for has succeeded.
     *
     * @param listener called once per handshake
     * @return to remove it
     */
    Registration onSecure(Action listener);

    /**
     * Adds a listener for {@code data}. Each buffer belongs to the listener: it may be kept, changed and written on.
     *
     * @param listener given a buffer whose remaining bytes, one or more, have arrived
     * @return to remove it
     */
    Registration onData(Listener<? super ByteBuffer> listener);

    /**
     * Adds a listener that borrows what has arrived, as the {@code onread} option of Node's {@code net.Socket} does: the same
     * bytes as {@code data}, without a buffer of their own. For programs that look at bytes or pass them on, much of them.
     *
     * <p>The buffer is the engine's, direct or not, and good until the listener returns; then it is used again. To
     * {@link #write(ByteBuffer)} it, or a part of it, is safe, on any stream and whatever that returns: what has to be queued
     * is copied. It is told before {@code data} and {@code text}, which may be listened to as well. A listener that blocks
     * holds up to 256 KiB meanwhile. Where an {@linkplain StreamOptions#dispatcher(java.util.concurrent.Executor) executor}
     * delivers, the bytes were copied for it already.
     *
     * @param listener given a buffer whose remaining bytes, one or more, have arrived
     * @return to remove it
     */
    Registration onRead(Listener<? super ByteBuffer> listener);

    /**
     * Adds a listener for {@code text}: what {@code data} brings, decoded. A character cut by the end of a chunk comes with
     * the next one, what is left of it at the end comes before {@code end}.
     *
     * @param listener given text of one or more characters
     * @return to remove it
     * @throws IllegalStateException if no encoding was set, see {@link #setEncoding}
     */
    Registration onText(Listener<? super String> listener);

    /**
     * Adds a listener for {@code end}: the peer has sent FIN. Our side is still open; unless
     * {@link StreamOptions#allowHalfOpen()}, {@link #end()} is called after the listeners.
     *
     * @param listener called once per connection at most
     * @return to remove it
     */
    Registration onEnd(Action listener);

    /**
     * Adds a listener for {@code timeout}, see {@link #setTimeout(long)}.
     *
     * @param listener called once per period without activity; it decides what to do, the connection stays
     * @return to remove it
     */
    Registration onTimeout(Action listener);

    /**
     * Adds a listener for {@code drain}: the write queue has become empty.
     *
     * <p>Streams run in parallel. Whoever pauses another stream for as long as this one's queue is not empty should pause
     * before writing and resume if {@code write} gives true: {@code drain} may come before a pause that follows the write.
     * {@link #pipe} does so.
     *
     * @param listener called once after {@code write} has returned false any number of times
     * @return to remove it
     */
    Registration onDrain(Action listener);

    /**
     * Adds a listener for {@code error}. Without one, the throwable is logged with {@link System.Logger}: network failures
     * at INFO, a listener's exception at ERROR with its stack.
     *
     * @param listener given a {@link NetException}, what a listener has thrown, or what {@link #destroy(Throwable)} was given
     * @return to remove it
     */
    Registration onError(Listener<? super Throwable> listener);

    /**
     * Adds a listener for {@code close}: the last event of a connection.
     *
     * @param listener told whether there was an error
     * @return to remove it
     */
    Registration onClose(CloseListener listener);

    /**
     * Adds a listener by the event's name.
     *
     * @param event which
     * @param listener given what the event brings
     * @param <T> what the event brings
     * @return to remove it
     */
    <T> Registration on(Event<T> event, Listener<? super T> listener);

    /**
     * Adds a listener that is removed just before it is called.
     *
     * @param event which
     * @param listener given what the event brings
     * @param <T> what the event brings
     * @return to remove it earlier
     */
    <T> Registration once(Event<T> event, Listener<? super T> listener);

    /**
     * Removes a listener that was added with {@link #on}, {@link #once}, or a typed method that takes a {@link Listener}.
     *
     * @param event which
     * @param listener the same object; if it was added more than once, the latest goes
     * @param <T> what the event brings
     */
    <T> void removeListener(Event<T> event, Listener<? super T> listener);

    /**
     * {@return how many listeners an event has}
     *
     * @param event which
     */
    int listenerCount(Event<?> event);

    /** {@return the peer's literal address; null before there was a connection and on a Unix socket; kept after close} */
    @Nullable
    String remoteAddress();

    /** {@return the peer's port; 0 before there was a connection and on a Unix socket; kept after close} */
    int remotePort();

    /** {@return our own literal address; null before there was a connection and on a Unix socket; kept after close} */
    @Nullable
    String localAddress();

    /** {@return our own port; 0 before there was a connection and on a Unix socket; kept after close} */
    int localPort();

    /**
     * {@return what the connection can do beyond what all of them can, empty if it cannot or there was no connection yet}
     * The module that brings such a thing names its type and says how to get at it; see {@code dev.weft.net.unix}. It is
     * that of the connection itself, also where TLS was laid over it.
     *
     * @param type of what is asked for
     * @param <T> of what is asked for
     */
    <T> Optional<T> feature(Class<T> type);

    /** {@return which halves are open at this moment} */
    ReadyState readyState();

    /**
     * Has arriving bytes decoded for {@link #onText} ({@code net-api.txt}, stream.setEncoding). What the previous encoding
     * holds of an unfinished character is dropped.
     *
     * @param encoding how; null for none, the state at first
     * @return this
     */
    Stream setEncoding(@Nullable Encoding encoding);

    /**
     * {@link #setSecure(Credentials)} with the platform's trusted roots and no certificate of our own.
     *
     * @return this
     */
    Stream setSecure();

    /**
     * Secures the stream with TLS from here on ({@code net-api.txt}, stream.setSecure): what was written before goes out in
     * plain text, what is written from now on waits for the handshake. Its success is told by {@code secure}, its failure by
     * {@code error}. A stream that we opened begins the handshake, one that a server has accepted waits for it. Asynchronous.
     *
     * <p>Nagle's algorithm goes off with it, unless {@link #setNoDelay(boolean)} was called.
     *
     * <p>Before {@code connect}, it is for the connection to come: so no listener can write before. It is without effect on a
     * stream that is about to tell {@code close}, and one whose peer has ended already fails.
     *
     * @param credentials ours, and whom we trust
     * @return this
     * @throws IllegalArgumentException if these credentials cannot secure this stream: a server needs a key
     * @throws IllegalStateException if the stream is secured already, or ended by us
     * @throws UnsupportedOperationException if {@code dev.weft:weft-tls} is not on the path
     */
    Stream setSecure(Credentials credentials);

    /**
     * {@link #setSecure(Credentials)} in the middle of a conversation, where the peer's handshake may have arrived together
     * with the line that announced it (STARTTLS): what follows that line in the same {@code data} belongs to TLS.
     *
     * @param credentials as there
     * @param received bytes that were delivered already and are not plain text; not copied, to be left unchanged
     * @return this
     * @throws IllegalArgumentException as there
     * @throws IllegalStateException as there
     * @throws UnsupportedOperationException as there
     */
    Stream setSecure(Credentials credentials, ByteBuffer received);

    /**
     * {@return whether the peer has shown a certificate that is valid in the eyes of our trusted roots} ({@code net-api.txt},
     * stream.verifyPeer) False before {@code secure}. A server's certificate must bear the name, or the literal address, that was
     * connected to.
     *
     * <p>Whoever asks decides what to do about the answer. But if a peer should have been verified (a server always, a client
     * if there is a {@code ca}), it is not, and nobody has asked by the time the {@code secure} listeners have returned, the
     * stream fails; until then no byte of the program is sent or delivered.
     *
     * @throws IllegalStateException if the stream is not secured
     */
    boolean verifyPeer();

    /**
     * {@return the peer's certificate, null if it has shown none (yet)} ({@code net-api.txt}, stream.getPeerCertificate)
     * Kept after close.
     *
     * @throws IllegalStateException if the stream is not secured
     */
    @Nullable
    PeerCertificate getPeerCertificate();

    /**
     * {@return what the handshake has come to: version, cipher, ALPN, SNI, the peer's certificates, and why it is not trusted;
     * null before {@code secure}} Kept after close.
     *
     * @throws IllegalStateException if the stream is not secured
     */
    @Nullable
    SecureSession secureSession();

    /**
     * {@link #write(String, Encoding)} in UTF-8, which for ASCII text sends the same bytes as ASCII.
     *
     * @param text to send
     * @return as there
     */
    boolean write(String text);

    /**
     * Sends text, see {@link #write(ByteBuffer)}.
     *
     * @param text to send
     * @param encoding which bytes stand for it; for {@code BASE64} and {@code HEX} the text is the encoded form
     * @return as there
     * @throws IllegalArgumentException if the text is no valid base64 or hexadecimal form
     */
    boolean write(String text, Encoding encoding);

    /**
     * Sends bytes, see {@link #write(ByteBuffer)}.
     *
     * @param bytes to send; not copied
     * @return as there
     */
    boolean write(byte[] bytes);

    /**
     * Sends bytes ({@code net-api.txt}, stream.write). Never parks. Bytes written by several threads keep each thread's
     * order and each call's bytes together. The buffer's position and limit stay as they are; it is not copied: after false,
     * its content must stay unchanged until {@code drain}.
     *
     * @param bytes to send: position to limit
     * @return true if the kernel has taken everything, so that the buffer may be reused; false if all or part is queued, and
     *     {@code drain} will follow, or if the peer, the network or {@link #destroy()} has closed the stream, and it will not
     * @throws IllegalStateException after our own {@link #end()}, and before {@code connect} was ever called
     */
    boolean write(ByteBuffer bytes);

    /**
     * Half-closes the stream ({@code net-api.txt}, stream.end): FIN follows what is queued, and reading goes on. The ready
     * state is {@code READ_ONLY} at once. A second call does nothing.
     *
     * @return this
     */
    Stream end();

    /**
     * {@link #write(String)}, then {@link #end()}.
     *
     * @param text to send
     * @return this
     */
    Stream end(String text);

    /**
     * {@link #write(String, Encoding)}, then {@link #end()}.
     *
     * @param text to send
     * @param encoding as there
     * @return this
     */
    Stream end(String text, Encoding encoding);

    /**
     * {@link #write(ByteBuffer)}, then {@link #end()}.
     *
     * @param bytes to send
     * @return this
     */
    Stream end(ByteBuffer bytes);

    /**
     * Ensures that no more I/O happens ({@code net-api.txt}, stream.destroy): what is queued is dropped, {@code close(false)}
     * follows. The ready state is {@code CLOSED} at once. Without effect on a closed stream.
     */
    void destroy();

    /**
     * {@link #destroy()} because of an error: {@code error} and {@code close(true)} follow.
     *
     * @param cause given to the {@code error} listeners
     */
    void destroy(Throwable cause);

    /** {@link #destroy()} that tells the peer by RST instead of FIN; where the transport has no RST it is the same. */
    void reset();

    /**
     * Ends the stream, and lets go of it as soon as everything queued is with the kernel, without waiting for the peer.
     * Asynchronous: {@code close} follows. Bytes that arrive meanwhile are dropped.
     */
    @Override
    void close();

    /**
     * Holds back {@code data}, {@code text} and {@code end}, and stops reading, so that TCP pushes back on the peer. Honoured
     * in every state; without effect on a closed stream. While paused, the loss of the peer goes unnoticed, until
     * {@link #resume()} or a write.
     *
     * @return this
     */
    Stream pause();

    /**
     * Reads on after {@link #pause()}.
     *
     * @return this
     */
    Stream resume();

    /**
     * Tells {@code timeout} after each period without activity ({@code net-api.txt}, stream.setTimeout). Reading and writing
     * bytes is activity, and so is the name lookup's and the connection's beginning. It only tells; it fires once, until the
     * next activity.
     *
     * @param millis 0 for no timeout, the state at first
     * @return this
     * @throws IllegalArgumentException if negative
     */
    Stream setTimeout(long millis);

    /**
     * {@link #setTimeout(long)}.
     *
     * @param timeout zero for none
     * @return this
     * @throws IllegalArgumentException if negative
     */
    Stream setTimeout(Duration timeout);

    /**
     * {@link #setNoDelay(boolean)} with true.
     *
     * @return this
     */
    Stream setNoDelay();

    /**
     * Switches the Nagle algorithm off, or on again ({@code net-api.txt}, stream.setNoDelay; RFC 896). Remembered until
     * connected and for later connections; without effect on a Unix socket.
     *
     * @param on true to send small pieces at once
     * @return this
     */
    Stream setNoDelay(boolean on);

    /**
     * {@link #setKeepAlive(boolean)} with false, the document's default.
     *
     * @return this
     */
    Stream setKeepAlive();

    /**
     * Switches keep-alive probes on or off and leaves their delay as it is.
     *
     * @param on whether to probe an idle peer
     * @return this
     */
    Stream setKeepAlive(boolean on);

    /**
     * Switches keep-alive probes on or off ({@code net-api.txt}, stream.setKeepAlive; RFC 9293 3.8.4). Remembered until
     * connected and for later connections; without effect on a Unix socket.
     *
     * @param on whether to probe an idle peer
     * @param initialDelayMillis of silence before the first probe, rounded up to seconds; 0 leaves it unchanged
     * @return this
     * @throws IllegalArgumentException if the delay is negative or above 32767 seconds
     */
    Stream setKeepAlive(boolean on, long initialDelayMillis);

    /** {@return how many bytes have arrived on this connection; kept after close} */
    long bytesRead();

    /** {@return how many bytes were accepted by {@code write} on this connection, {@link #bufferedBytes()} included; kept after close} */
    long bytesWritten();

    /** {@return how many bytes are queued and not with the kernel yet; 0 after close} */
    long bufferedBytes();

    /**
     * {@return completes just before the {@code connect} event, or with the reason why there is none; stands for the current
     * or else the next connection}
     */
    CompletableFuture<Stream> connected();

    /** {@return completes after the {@code close} listeners have run; stands for the current or else the next connection} */
    CompletableFuture<Void> closed();

    /**
     * The blocking face: turns the stream to pull mode, in which there is no {@code data} or {@code text}; reads go straight
     * to the connection on the caller's thread, and park. {@code end}, {@code timeout}, {@code error} and {@code close} keep
     * their meaning. The same object on every call. Closing it does nothing: close the stream.
     *
     * <p>A read returns -1 after the peer's FIN and throws a {@link NetException} once the connection has failed, or the
     * stream was destroyed. Interrupting a reading thread destroys the stream. In a listener before whose return nothing may
     * pass ({@code secure}, or {@code timeout} while it is opening), it throws an {@link IllegalStateException}: read on another
     * thread.
     *
     * @return for any thread; one reads at a time, the others wait
     */
    InputStream inputStream();

    /**
     * The blocking face: writes go straight to the connection on the caller's thread, after what is queued, and park until
     * the kernel has taken all. The same object on every call. Closing it is {@link #end()}.
     *
     * <p>A write throws a {@link NetException} once the connection has failed, or the stream was destroyed or ended.
     * Interrupting a writing thread destroys the stream. In a {@code secure} listener, and in a {@code timeout} listener while
     * it is opening, it throws an {@link IllegalStateException}: write on another thread, or with {@link #write(ByteBuffer)}.
     *
     * @return for any thread; one writes at a time, the others wait, so their writes do not mix
     */
    OutputStream outputStream();

    /**
     * Passes everything that arrives from here on to another stream, as Node's {@code readable.pipe} does, no faster than that
     * one takes it. {@code client.pipe(backend).pipe(client)} is a proxy, {@code stream.pipe(stream)} an echo.
     *
     * <p>It uses the blocking faces, on a thread of its own: this stream tells no {@code data} any more, while {@code end},
     * {@code timeout}, {@code error} and {@code close} keep their meaning, and nobody else may use {@link #inputStream()}.
     * The other one may be written to as well, between two pieces of what is passed on. Use
     * {@link StreamOptions#allowHalfOpen(boolean)} where one direction is to outlive the other.
     *
     * <p>When the peer of this stream ends, the other stream is {@linkplain #end() ended}. When either of the two fails, or is
     * destroyed, so is the other, with the reason: what was cut does not look complete. A destination that has ended properly leaves
     * this stream alone until it has something to pass on, which then fails. Both may be connecting still.
     *
     * @param destination another stream, or this one
     * @return the destination
     * @throws IllegalStateException if one of them was never connected
     */
    Stream pipe(Stream destination);
}
