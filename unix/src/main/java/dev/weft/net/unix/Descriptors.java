// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NetworkChannel;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Finds the number of a JDK channel's descriptor, which the JDK tells no one. It marks the channel by an option, looks for a
 * socket that has the mark, and believes it only if it follows the channel to a second mark.
 *
 * <p>The option is the size of the receive buffer: all channels have it, Linux looks at it on no Unix stream socket, and it is
 * put back as it was.
 */
final class Descriptors {
    /** More than Linux's least, less than its usual most. */
    private static final int FIRST_MARK = 8 << 10;

    private static final int MARKS = 64 << 10;

    /** Where a server that looks at each of its clients finds the next one: not far from the last. */
    private static final int NEIGHBOURS = 8;

    /** So often a search looks whether the channel was closed: it would go on to the last number, of which there may be 2^30. */
    private static final int CLOSED_LOOKS = 256;

    /** One search at a time: of two that mark the same channel, neither might find its mark. */
    private static final ReentrantLock SEARCHING = new ReentrantLock();

    // -- Guarded by SEARCHING. --
    private static int lastMark;
    private static int lastFound;

    private Descriptors() {}

    /**
     * The number of its descriptor; {@link Posix#require} was called.
     *
     * @throws IOException if the channel is closed, or there is no such descriptor
     */
    static int of(NetworkChannel channel) throws IOException {
        SEARCHING.lock(); // parks
        try {
            return find(channel);
        } finally {
            SEARCHING.unlock();
        }
    }

    private static int find(NetworkChannel channel) throws IOException {
        int before = channel.getOption(StandardSocketOptions.SO_RCVBUF);
        int mark = mark(channel);
        try {
            int limit = Posix.descriptorLimit();
            int near = lastFound;
            int found = search(channel, mark, near, Math.min(near + NEIGHBOURS, limit));
            if (found < 0) {
                found = search(channel, mark, 0, limit);
            }
            if (found < 0) {
                throw new IOException("none of the descriptors 0 to " + (limit - 1) + " is that of " + channel);
            }
            lastFound = found;
            return found;
        } finally {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, before);
        }
    }

    /**
     * After the descriptor of a channel that others may close was used: it was the channel's if that is still open, and else
     * might have been anyone's.
     */
    static void requireOpen(NetworkChannel channel) throws ClosedChannelException {
        if (!channel.isOpen()) {
            throw new ClosedChannelException();
        }
    }

    private static int search(NetworkChannel channel, int firstMark, int from, int to) throws IOException {
        int mark = firstMark;
        for (int fd = from; fd < to; fd++) {
            if (fd % CLOSED_LOOKS == 0) {
                requireOpen(channel);
            }
            if (hasMark(fd, mark)) {
                mark = mark(channel);
                if (hasMark(fd, mark)) {
                    return fd;
                }
            }
        }
        return -1;
    }

    private static int mark(NetworkChannel channel) throws IOException {
        int mark = FIRST_MARK + Math.floorMod(lastMark++, MARKS);
        channel.setOption(StandardSocketOptions.SO_RCVBUF, mark);
        return mark;
    }

    /** Linux doubles the size that it is given. */
    private static boolean hasMark(int fd, int mark) {
        return Posix.hasOption(fd, Posix.SOL_SOCKET, Posix.SO_RCVBUF, 2 * mark);
    }
}
