// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import dev.weft.net.Stream;
import java.io.FileDescriptor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Passes open files and sockets over a stream ({@code SCM_RIGHTS} of {@code unix(7)}). The stream is one that was connected to,
 * or accepted at, a {@link PassingAddress}.
 *
 * <pre>{@code
 * server.onConnection(stream -> stream.onData(bytes -> {
 *     for (FileDescriptor received : DescriptorPassing.of(stream).received()) {
 *         try (InputStream file = new FileInputStream(received)) { ... }
 *     }
 * }));
 * server.listen(PassingAddress.of("/run/app.sock"));
 *
 * DescriptorPassing.of(stream).write(ByteBuffer.wrap(header), file.getFD());
 * }</pre>
 *
 * <p><b>Order</b>: descriptors travel with bytes, and in order with them: a receiver has them as soon as it has the first of the
 * bytes that they were written with, and not before the last of the bytes that were written earlier has arrived, though possibly
 * in the same {@code data} event.
 *
 * <p><b>Threading</b>: any thread, as {@link Stream#write(ByteBuffer)}; {@link #received()} belongs into the {@code data} listener.
 *
 * @since 0.1
 */
public final class DescriptorPassing {
    /** {@code SCM_MAX_FD}: how many descriptors Linux takes at once. */
    public static final int MAX_DESCRIPTORS = 253;

    /**
     * How many descriptors may have arrived that no one has taken, and a few more that came with the last of them: then the
     * stream fails, lest a peer use up those of the process.
     */
    public static final int MAX_RECEIVED = 1024;

    private final Stream stream;
    private final PassingTransport transport;

    private DescriptorPassing(Stream stream, PassingTransport transport) {
        this.stream = stream;
        this.transport = transport;
    }

    /**
     * {@return what passes descriptors over a stream}
     *
     * @param stream connected over a {@link PassingAddress}
     * @throws UnsupportedOperationException if it is not connected, or over another kind of address
     */
    public static DescriptorPassing of(Stream stream) {
        return new DescriptorPassing(
                stream,
                stream.feature(PassingTransport.class)
                        .orElseThrow(() -> new UnsupportedOperationException(
                                "descriptors are passed over connections at a PassingAddress, and not over "
                                        + stream)));
    }

    /**
     * Writes bytes, and passes descriptors with the first of them; see {@link Stream#write(ByteBuffer)}. The descriptors are
     * duplicated at once, so they may be closed as soon as this returns; unlike there, the bytes are copied.
     *
     * @param bytes one or more
     * @param descriptors one to {@link #MAX_DESCRIPTORS}, such as {@link java.io.FileInputStream#getFD()} gives them
     * @return as there
     * @throws IllegalArgumentException if there are no bytes, or not that many descriptors
     * @throws IllegalStateException as there; or if the stream was secured: TLS carries no descriptors
     * @throws IOException if a descriptor is not open, or the process can have no more
     */
    public boolean write(ByteBuffer bytes, FileDescriptor... descriptors) throws IOException {
        if (!bytes.hasRemaining()) {
            throw new IllegalArgumentException("no bytes: descriptors travel with one at least");
        }
        if (descriptors.length == 0 || descriptors.length > MAX_DESCRIPTORS) {
            throw new IllegalArgumentException(
                    "not within 1 to " + MAX_DESCRIPTORS + " descriptors: " + descriptors.length);
        }
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(bytes.position(), copy);
        if (isSecured()) {
            throw new IllegalStateException("TLS carries no descriptors: " + stream + " was secured");
        }
        transport.attach(copy, descriptors);
        try {
            return stream.write(copy);
        } catch (RuntimeException e) {
            transport.detach(copy);
            throw e;
        }
    }

    private boolean isSecured() {
        try {
            Object unused = stream.getPeerCertificate();
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    /**
     * Takes what has arrived and was not taken yet. Close them: they are this process's own now. What is never taken is
     * closed with the stream, which fails if that becomes more than {@link #MAX_RECEIVED}.
     *
     * @return in the order in which they were passed; empty if there is none
     */
    public List<FileDescriptor> received() {
        return transport.received();
    }
}
