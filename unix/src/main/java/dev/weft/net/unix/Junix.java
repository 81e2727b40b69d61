// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import org.newsclub.net.unix.AFServerSocketChannel;
import org.newsclub.net.unix.AFSocketChannel;
import org.newsclub.net.unix.AFUNIXSocketChannel;
import org.newsclub.net.unix.FileDescriptorCast;

/** Numbers and objects of descriptors, which junixsocket turns into each other. */
final class Junix {
    private Junix() {}

    /** The number of a descriptor. */
    static int number(FileDescriptor descriptor) throws IOException {
        return FileDescriptorCast.using(descriptor).as(Integer.class);
    }

    /** The descriptor of a number. */
    static FileDescriptor descriptor(int number) throws IOException {
        return FileDescriptorCast.unsafeUsing(number).getFileDescriptor();
    }

    /** Another descriptor for what a descriptor stands for. */
    static FileDescriptor duplicate(FileDescriptor descriptor) throws IOException {
        if (!descriptor.valid()) {
            throw new IOException("the descriptor is not open");
        }
        return FileDescriptorCast.duplicating(descriptor).getFileDescriptor();
    }

    /** Another descriptor for what the descriptor of that number stands for. */
    static FileDescriptor duplicate(int number) throws IOException {
        return duplicate(descriptor(number));
    }

    /** A channel of its own on the connected Unix socket that the descriptor of that number stands for. */
    static AFUNIXSocketChannel channel(int number) throws IOException {
        FileDescriptor duplicate = duplicate(number);
        try {
            return FileDescriptorCast.using(duplicate).as(AFUNIXSocketChannel.class);
        } catch (IOException | RuntimeException e) {
            close(duplicate);
            throw e;
        }
    }

    /**
     * Closes a channel's descriptor, and no more: junixsocket itself would call {@code shutdown(2)} first, and so end the
     * connection for everyone who has a descriptor of it.
     */
    static void close(AFSocketChannel<?> channel) throws IOException {
        close(channel.getFileDescriptor());
        channel.close();
    }

    /** As {@link #close(AFSocketChannel)}. */
    static void close(AFServerSocketChannel<?> channel) throws IOException {
        close(channel.getFileDescriptor());
        channel.close();
    }

    static void close(FileDescriptor descriptor) throws IOException {
        new FileInputStream(descriptor).close();
    }
}
