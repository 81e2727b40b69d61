// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import org.newsclub.net.unix.FileDescriptorCast;

/** Makes descriptors such as a parent process hands over: they listen, and no channel of this process knows of them. */
public final class Inherited {
    private Inherited() {}

    /**
     * {@return the number of a descriptor that listens}
     *
     * @param unbound bound by this, and closed
     * @param address where
     */
    public static int listening(ServerSocketChannel unbound, SocketAddress address) throws IOException {
        try (unbound) {
            unbound.bind(address, 511);
            int own = OpenSockets.descriptor(unbound.getLocalAddress());
            return FileDescriptorCast.duplicating(
                            FileDescriptorCast.unsafeUsing(own).getFileDescriptor())
                    .as(Integer.class);
        }
    }
}
