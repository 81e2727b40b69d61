// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The descriptors that systemd, or whoever speaks as it does, has handed over to this process
 * ({@code sd_listen_fds(3)}): {@code LISTEN_FDS} of them, beginning with number 3, if {@code LISTEN_PID} is this process, with
 * the names in {@code LISTEN_FDNAMES}.
 *
 * <pre>{@code
 * for (SystemdActivation.Socket socket : SystemdActivation.sockets()) {
 *     Net.createServer(listener).listenFD(socket.fd());
 * }
 * }</pre>
 *
 * <p>A unit with {@code Accept=no} (the default) hands over listening sockets, which is what {@link dev.weft.net.Server#listenFD}
 * takes. The variables stay in the environment, since Java cannot take them out: a child process sees them too, but
 * {@code LISTEN_PID} tells it that they are not meant for it.
 *
 * <p><b>Threading</b>: any thread.
 *
 * @since 0.1
 */
public final class SystemdActivation {
    /** {@code SD_LISTEN_FDS_START}. */
    private static final int FIRST = 3;

    /** Linux's own limit to the open files of a process, unless {@code fs.nr_open} was raised. */
    private static final int MAX_SOCKETS = 1 << 20;

    /** What a descriptor is called that was given no name ({@code sd_listen_fds_with_names(3)}). */
    private static final String UNNAMED = "unknown";

    private SystemdActivation() {}

    /**
     * A descriptor that was handed over.
     *
     * @param fd its number, for {@link dev.weft.net.Server#listenFD}
     * @param name {@code FileDescriptorName=} of the socket unit, by default the unit's name; several may have the same;
     *     {@code unknown} if no names were given
     * @since 0.1
     */
    public record Socket(int fd, String name) {}

    /**
     * {@return what was handed over to this process, in the order of the unit; empty if it was not started so}
     *
     * @throws IllegalArgumentException if the variables make no sense; it says which, and what it holds
     */
    public static List<Socket> sockets() {
        return sockets(System.getenv(), ProcessHandle.current().pid());
    }

    /**
     * {@return what was handed over under a name, in the order of the unit; empty if it was not started so}
     *
     * @param name as in {@link Socket#name()}
     * @throws IllegalArgumentException if the variables make no sense; it says which, and what it holds
     */
    public static List<Socket> named(String name) {
        return sockets().stream().filter(socket -> socket.name().equals(name)).toList();
    }

    static List<Socket> sockets(Map<String, String> environment, long pid) {
        String owner = environment.get("LISTEN_PID");
        String number = environment.get("LISTEN_FDS");
        if (owner == null || number == null || number("LISTEN_PID", owner, Long.MAX_VALUE) != pid) {
            return List.of();
        }
        int count = (int) number("LISTEN_FDS", number, MAX_SOCKETS);
        String names = environment.get("LISTEN_FDNAMES");
        List<String> name = names == null ? List.of() : List.of(names.split(":", -1));
        if (names != null && name.size() != count && !(count == 0 && names.isEmpty())) {
            throw new IllegalArgumentException(
                    "LISTEN_FDNAMES has " + name.size() + " names for LISTEN_FDS=" + count + " descriptors: " + names);
        }
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sockets.add(new Socket(FIRST + i, names == null ? UNNAMED : name.get(i)));
        }
        return List.copyOf(sockets);
    }

    private static long number(String variable, String value, long max) {
        try {
            long number = Long.parseLong(value);
            if (number >= 0 && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new IllegalArgumentException(variable + " is not a number from 0 to " + max + ": " + value);
    }
}
