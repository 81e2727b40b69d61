// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import java.io.Closeable;
import java.io.IOException;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A socket file that is there for a moment, since the JDK binds Unix sockets to nothing else, in a folder that is the owner's
 * alone. Services and containers may have no temporary folder that they can write to; then it is in memory.
 */
final class AsideFile implements Closeable {
    private final Path folder;
    private final UnixDomainSocketAddress address;

    private AsideFile(Path folder, UnixDomainSocketAddress address) {
        this.folder = folder;
        this.address = address;
    }

    /** A name for a file that is not there yet. */
    static AsideFile choose() throws IOException {
        return choose(List.of(Path.of(System.getProperty("java.io.tmpdir")), Path.of("/dev/shm")));
    }

    static AsideFile choose(List<Path> parents) throws IOException {
        SocketException none = null;
        for (Path parent : parents) {
            try {
                return in(parent);
            } catch (IOException e) {
                if (none == null) {
                    none = new SocketException(
                            "no place for a socket file of its own, which it takes for a moment: tried " + parents);
                }
                none.addSuppressed(e);
            }
        }
        throw none == null ? new SocketException("no place to try") : none;
    }

    private static AsideFile in(Path parent) throws IOException {
        Path folder = Files.createTempDirectory(parent, "weft");
        try {
            return new AsideFile(folder, SocketPath.address(folder.resolve("s")));
        } catch (IOException e) {
            Files.delete(folder);
            throw e;
        }
    }

    UnixDomainSocketAddress address() {
        return address;
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(address.getPath());
        Files.delete(folder);
    }
}
