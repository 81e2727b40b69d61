// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Held, for some milliseconds, by the one server that makes or replaces a socket file: among all processes that keep to it, by a
 * lock on a file beside it, {@code .name.lock}, which is gone afterwards. The system takes the lock away from a process that
 * is killed.
 */
final class SocketFileLock implements Closeable {
    /** The system gives such locks to processes, not to threads. */
    private static final ReentrantLock IN_THIS_PROCESS = new ReentrantLock();

    private static final int MAX_SIZE = 1 << 20;

    private final Path file;
    private final FileChannel channel;

    private SocketFileLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Waits until it has it. */
    static SocketFileLock of(Path socket) throws IOException {
        Path file = socket.resolveSibling("." + socket.getFileName() + ".lock");
        IN_THIS_PROCESS.lock(); // parks
        try {
            for (; ; ) {
                FileChannel channel = FileChannel.open(
                        file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                try {
                    Object unused = channel.lock(); // blocks
                    if (isStillAt(file, channel)) {
                        return new SocketFileLock(file, channel);
                    }
                } catch (IOException | RuntimeException e) {
                    channel.close();
                    throw e;
                }
                channel.close();
            }
        } catch (IOException | RuntimeException e) {
            IN_THIS_PROCESS.unlock();
            throw e;
        }
    }

    /**
     * Whether what we have locked is still the file of that name, and not one that its last holder has removed: what happens to
     * the one must be seen at the other. It is the size, since to open the file once more, and close it, would give up the lock.
     */
    private static boolean isStillAt(Path file, FileChannel locked) throws IOException {
        int size = 1 + ThreadLocalRandom.current().nextInt(MAX_SIZE);
        locked.truncate(0);
        int unused = locked.write(ByteBuffer.allocate(1), size - 1);
        try {
            return Files.size(file) == size;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            Files.deleteIfExists(file);
        } finally {
            IN_THIS_PROCESS.unlock();
        }
    }
}
