// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import dev.weft.net.ServerOptions;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The file by which clients find a listening Unix socket. A process that is killed leaves it behind, and nothing in it tells
 * that from one that is alive: only connecting does.
 *
 * <p>To bind is to make the file, which fails if there is one, so of several servers one wins; what is dead is removed first.
 * All of that happens under a {@link SocketFileLock}. Otherwise a server that finds a dead file might remove the live one that another
 * server has put there meanwhile; and a server that has bound, and does not listen yet, looks dead.
 */
final class SocketFile {
    /** Enough for those who bind where someone has just gone away; what is there after that does not go away. */
    private static final int TRIES = 16;

    /** A server that has bound listens long before that. */
    private static final long SECOND_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** {@code S_IFMT} and {@code S_IFSOCK}, the same on every Unix. */
    private static final int TYPE_MASK = 0170000;

    private static final int TYPE_SOCKET = 0140000;

    /** Shorter than most names of sockets, since both must fit. */
    private static final String NAME_INSIDE = "s";

    private static final String FOLDER_PREFIX = ".w";

    private static final int FOLDER_RADIX = 36;

    private static final int FOLDERS = FOLDER_RADIX * FOLDER_RADIX * FOLDER_RADIX * FOLDER_RADIX;

    private static final String LONGEST_FOLDER = FOLDER_PREFIX + "zzzz";

    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private final Path path;
    private final int backlog;
    private final @Nullable Set<PosixFilePermission> permissions;

    /** Device and inode of the file that we have made. */
    private @Nullable Object key;

    SocketFile(Path path, ServerOptions options) {
        this.path = path;
        this.backlog = options.backlog();
        this.permissions = options.socketFilePermissions();
    }

    /**
     * Makes the file and listens.
     *
     * @throws IOException if it cannot be made; {@link BindException} if something is there that must be left alone
     */
    ServerSocketChannel bind() throws IOException {
        requireRoom();
        boolean dead = false;
        try {
            dead = requireNobody(); // before the lock, for which one needs more permissions
            SocketFileLock lock = SocketFileLock.of(path);
            try {
                return bindOrReplace(dead);
            } finally {
                lock.close();
            }
        } catch (NoSuchFileException e) {
            throw new SocketException("No such file or directory: its folder is not there");
        } catch (AccessDeniedException e) {
            throw new BindException("Permission denied" + what(e, dead));
        }
    }

    private void requireRoom() throws IOException {
        UnixDomainSocketAddress unused = SocketPath.address(path);
        if (permissions != null) {
            try {
                unused = SocketPath.address(path.resolveSibling(LONGEST_FOLDER).resolve(NAME_INSIDE));
            } catch (SocketException e) {
                throw new SocketException(
                        "with permissions it is made in a folder of its own beside it, where " + e.getMessage());
            }
        }
    }

    private static String what(AccessDeniedException e, boolean dead) {
        if (dead) {
            return ": no one listens on that file any more, but it cannot be replaced, " + e.getMessage();
        }
        return SocketFileLock.isOfSomeoneElse(e.getFile()) ? ": the lock " + e.getFile() + " is someone else's" : "";
    }

    private ServerSocketChannel bindOrReplace(boolean wasDead) throws IOException {
        boolean dead = wasDead;
        for (int i = 0; i < TRIES; i++) {
            if (dead && requireNobody()) { // whoever had the lock before may have replaced it
                Files.deleteIfExists(path);
            }
            ServerSocketChannel channel = tryBind();
            if (channel != null) {
                return channel;
            }
            dead = true;
        }
        throw inUse("others keep binding and leaving it");
    }

    /** Removes the file if it is the one that we have made. To be called while the socket is open: until then its inode is not
     * given to another file. */
    void remove() {
        Object made = key;
        key = null;
        try {
            if (made != null && made.equals(currentKey())) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            System.getLogger("dev.weft.net").log(Level.DEBUG, "removing " + path, e);
        }
    }

    private @Nullable Object currentKey() throws IOException {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .fileKey();
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    // -- Binding. --

    /** Null if there is something already. */
    private @Nullable ServerSocketChannel tryBind() throws IOException {
        return permissions == null ? tryBindHere() : tryBindInside(permissions);
    }

    private @Nullable ServerSocketChannel tryBindHere() throws IOException {
        ServerSocketChannel channel = open(path);
        if (channel != null) {
            key = currentKey();
        }
        return channel;
    }

    /** Binds where no one else may look, so that there is no moment with other permissions; then the file moves out. */
    private @Nullable ServerSocketChannel tryBindInside(Set<PosixFilePermission> wanted) throws IOException {
        Path folder = makeFolder();
        Path inside = folder.resolve(NAME_INSIDE);
        try {
            ServerSocketChannel channel = open(inside);
            if (channel == null) {
                throw new BindException("Address already in use: " + inside + ", in a folder of our own");
            }
            try {
                Files.setPosixFilePermissions(inside, wanted);
                Files.createLink(path, inside); // unlike a rename, it replaces nothing
                key = currentKey();
                return channel;
            } catch (FileAlreadyExistsException e) {
                channel.close();
                return null;
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } finally {
            Files.deleteIfExists(inside);
            Files.delete(folder);
        }
    }

    private Path makeFolder() throws IOException {
        for (; ; ) {
            String name =
                    FOLDER_PREFIX + Integer.toString(ThreadLocalRandom.current().nextInt(FOLDERS), FOLDER_RADIX);
            try {
                return Files.createDirectory(
                        path.resolveSibling(name), PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            } catch (FileAlreadyExistsException e) {
                // another server's: the next name
            }
        }
    }

    /** Null if there is something already. */
    private @Nullable ServerSocketChannel open(Path where) throws IOException {
        UnixDomainSocketAddress address = SocketPath.address(where);
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(address, backlog);
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            if (e instanceof BindException && Files.exists(where, LinkOption.NOFOLLOW_LINKS)) {
                return null;
            }
            throw e;
        }
    }

    // -- What is there already. --

    /** Returns if nothing is there, or a socket on which no one listens; then it is true. */
    private boolean requireNobody() throws IOException {
        String other = otherThanSocket();
        if (other != null) {
            throw inUse("there is " + other + ", which is not a socket, and was left alone");
        }
        if (!refuses()) {
            return false;
        }
        // A server of another kind may have bound, and be about to listen.
        LockSupport.parkNanos(this, SECOND_LOOK_NANOS); // parks
        return refuses();
    }

    /** Whether there is a socket that refuses connections; throws if it does not, and returns false if nothing is there. */
    private boolean refuses() throws IOException {
        if (!exists()) {
            return false;
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.configureBlocking(false);
            boolean unused = probe.connect(UnixDomainSocketAddress.of(path));
        } catch (ConnectException e) {
            return true;
        } catch (SocketException e) {
            if (!exists()) {
                return false;
            }
            // A backlog that is full, a socket of another type, no permission: someone's.
            throw inUse("there is a socket that someone may listen on, connecting to it says: " + e.getMessage());
        }
        throw inUse("there is a socket that someone listens on");
    }

    private boolean exists() {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }

    /** Null for a socket, and if nothing is there. */
    private @Nullable String otherThanSocket() throws IOException {
        try {
            BasicFileAttributes file = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (file.isRegularFile()) {
                return "a regular file";
            } else if (file.isDirectory()) {
                return "a folder";
            } else if (file.isSymbolicLink()) {
                return "a symbolic link";
            } else if (!path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
                return null; // where the JDK does not tell, nothing but a socket is left
            }
            int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            return (mode & TYPE_MASK) == TYPE_SOCKET ? null : "a pipe or device";
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private static BindException inUse(String why) {
        return new BindException("Address already in use: " + why);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%s (%s)", path, key);
    }
}
