// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import java.io.IOException;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.Charset;
import java.nio.file.Path;

/** What the paths of sockets must be like. */
final class SocketPath {
    /** Of 108 bytes on Linux, 104 elsewhere; the JDK takes two less. */
    private static final int LIMIT = System.getProperty("os.name").equals("Linux") ? 106 : 102;

    private SocketPath() {}

    /**
     * An address that the JDK can use.
     *
     * @throws IOException if the path is too long for one
     */
    static UnixDomainSocketAddress address(Path path) throws IOException {
        int length = path.toString().getBytes(encoding()).length;
        if (length > LIMIT) {
            throw new SocketException("the path is " + length + " bytes long, a socket's has " + LIMIT + " at most"
                    + (path.isAbsolute() ? "; a link to its folder may help" : ""));
        }
        return UnixDomainSocketAddress.of(path);
    }

    /** The one in which the JDK gives paths to the system. */
    private static Charset encoding() {
        return Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
    }
}
