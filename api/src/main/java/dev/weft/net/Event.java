// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

/**
 * The events of a {@link Stream} by name, for {@link Stream#on(Event, Listener)} and its siblings; the typed methods such
 * as {@link Stream#onData} register on the same lists.
 *
 * @param <T> what a listener of the event is given; events without details give the stream itself
 * @since 0.1
 */
@SuppressWarnings("UnusedTypeParameter") // it ties a listener to what its event brings
public final class Event<T> {
    /** The connection is established. */
    public static final Event<Stream> CONNECT = new Event<>("connect", 0);
    /** The TLS handshake has succeeded. */
    public static final Event<Stream> SECURE = new Event<>("secure", 1);
    /** Bytes have arrived; each buffer belongs to the listener. */
    public static final Event<java.nio.ByteBuffer> DATA = new Event<>("data", 2);
    /** Text has arrived, decoded with {@link Stream#setEncoding}. */
    public static final Event<String> TEXT = new Event<>("text", 3);
    /** The peer has ended its side (FIN). */
    public static final Event<Stream> END = new Event<>("end", 4);
    /** Nothing was read or written for the time given to {@link Stream#setTimeout(long)}. */
    public static final Event<Stream> TIMEOUT = new Event<>("timeout", 5);
    /** The write queue has become empty. */
    public static final Event<Stream> DRAIN = new Event<>("drain", 6);
    /** Something went wrong; {@code close} follows directly. */
    public static final Event<Throwable> ERROR = new Event<>("error", 7);
    /** The stream is fully closed; the detail says whether because of an error. */
    public static final Event<Boolean> CLOSE = new Event<>("close", 8);
    /** Bytes have arrived, in a buffer that is lent: {@link #DATA} without a copy, see {@link Stream#onRead}. */
    public static final Event<java.nio.ByteBuffer> READ = new Event<>("read", 9);

    /** How many events there are; {@link #index()} is below it. */
    public static final int COUNT = 10;

    private final String name;
    private final int index;

    private Event(String name, int index) {
        this.name = name;
        this.index = index;
    }

    /** {@return the name that Node gives to this event, such as {@code "data"}} */
    public String name() {
        return name;
    }

    /** {@return the place of this event in a table of all of them, 0 to {@link #COUNT} - 1} */
    public int index() {
        return index;
    }

    @Override
    public String toString() {
        return name;
    }
}
