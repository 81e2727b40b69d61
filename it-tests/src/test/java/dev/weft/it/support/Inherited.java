// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import dev.weft.net.Action;
import dev.weft.net.Server;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import org.newsclub.net.unix.FileDescriptorCast;

/** Makes descriptors such as a parent process hands over: they listen, and no channel of this process knows of them. */
public final class Inherited {
    private Inherited() {}

    /**
     * {@return a descriptor that listens}
     *
     * @param unbound bound by this, and closed
     * @param address where
     */
    public static FileDescriptor listening(ServerSocketChannel unbound, SocketAddress address) throws IOException {
        try (unbound) {
            unbound.bind(address, 511);
            int own = OpenSockets.descriptor(unbound.getLocalAddress());
            return FileDescriptorCast.duplicating(
                            FileDescriptorCast.unsafeUsing(own).getFileDescriptor())
                    .getFileDescriptor();
        }
    }

    /** {@return the number of a descriptor} */
    public static int number(FileDescriptor descriptor) throws IOException {
        return FileDescriptorCast.using(descriptor).as(Integer.class);
    }

    /** Closes a descriptor. */
    public static void close(FileDescriptor descriptor) throws IOException {
        new FileInputStream(descriptor).close();
    }

    /** Gives a server a descriptor that listens; if it does not take it, it is closed. */
    static void listen(Server server, ServerSocketChannel unbound, SocketAddress address, Action listening)
            throws IOException {
        FileDescriptor descriptor = listening(unbound, address);
        try {
            server.listenFD(number(descriptor), listening);
        } catch (IllegalStateException e) {
            close(descriptor);
            throw e;
        }
    }
}
