// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import java.io.Closeable;
import java.io.IOException;
import java.net.BindException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Held, for some milliseconds, by the one server that makes or replaces a socket file: among all processes that keep to it, by a
 * lock on a file beside it, {@code .name.lock}, which is gone afterwards. The system takes the lock away from a process that
 * is killed.
 */
final class SocketFileLock implements Closeable {
    /** The system gives such locks to processes, not to threads. */
    private static final ReentrantLock IN_THIS_PROCESS = new ReentrantLock();

    private static final String SUFFIX = ".lock";

    private static final int MAX_SIZE = 1 << 20;

    /** Far longer than anyone needs it who goes on: it is held by a process that was stopped, or by malice. */
    static final Duration LIMIT = Duration.ofSeconds(5);

    private static final long FIRST_BACK_OFF_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final long LAST_BACK_OFF_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Path file;
    private final FileChannel channel;

    private SocketFileLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Waits until it has it.
     *
     * @throws BindException if someone else has it for too long
     * @throws IOException if the file cannot be made, or is something else
     */
    static SocketFileLock of(Path socket) throws IOException {
        return of(socket, LIMIT);
    }

    static SocketFileLock of(Path socket, Duration limit) throws IOException {
        Path file = socket.resolveSibling("." + socket.getFileName() + SUFFIX);
        IN_THIS_PROCESS.lock(); // parks
        try {
            long deadline = System.nanoTime() + limit.toNanos();
            for (long backOff = FIRST_BACK_OFF_NANOS; ; backOff = Math.min(LAST_BACK_OFF_NANOS, 2 * backOff)) {
                FileChannel channel = tryLock(file);
                if (channel != null) {
                    return new SocketFileLock(file, channel);
                }
                if (System.nanoTime() - deadline > 0) {
                    throw new BindException("Address already in use: another process has held the lock " + file
                            + " for more than " + limit.toSeconds() + " s, as only those do who are about to listen");
                }
                LockSupport.parkNanos(file, backOff); // parks
            }
        } catch (IOException | RuntimeException e) {
            IN_THIS_PROCESS.unlock();
            throw e;
        }
    }

    /** Null if another process has it. */
    private static @Nullable FileChannel tryLock(Path file) throws IOException {
        requireRegular(file);
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        try {
            if (channel.tryLock() != null && isStillAt(file, channel)) {
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            // another copy of this class has it, such as that of another application in this process
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
        channel.close();
        return null;
    }

    /** To open a pipe would wait for someone to read it. */
    private static void requireRegular(Path file) throws IOException {
        try {
            if (!Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isRegularFile()) {
                throw new SocketException(
                        "the lock " + file + " is not a regular file, as it is wherever a server has made it");
            }
        } catch (NoSuchFileException e) {
            // as it mostly is
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

    /** Whether a file to which there was no access is a lock that another user has made, and perhaps left behind. */
    static boolean isOfSomeoneElse(@Nullable String file) {
        return file != null && file.endsWith(SUFFIX) && Files.exists(Path.of(file), LinkOption.NOFOLLOW_LINKS);
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
