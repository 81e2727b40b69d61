// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** The sockets of this process, as Linux tells them; nothing elsewhere. */
final class OpenSockets {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final List<Path> TABLES =
            List.of(Path.of("/proc/self/net/tcp"), Path.of("/proc/self/net/tcp6"), Path.of("/proc/self/net/unix"));

    private static boolean warm;

    private OpenSockets() {}

    /** Has the JDK open the sockets that it keeps for itself. */
    static synchronized void warmUp() {
        if (warm) {
            return;
        }
        warm = true;
        FutureTask<Void> exchange = new FutureTask<>(() -> {
            try (ServerSocketChannel server = ServerSocketChannel.open()) {
                server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                try (SocketChannel client = SocketChannel.open(server.getLocalAddress());
                        SocketChannel accepted = server.accept()) {
                    int unused = client.write(ByteBuffer.wrap(new byte[1]));
                    unused = accepted.read(ByteBuffer.allocate(1));
                }
            }
            return null;
        });
        Thread unused = Thread.ofVirtual().start(exchange);
        try {
            exchange.get();
        } catch (ExecutionException | InterruptedException e) {
            throw new IllegalStateException("no loopback connection", e);
        }
    }

    /** {@return the inode of each open socket} */
    static Set<String> inodes() {
        Set<String> inodes = new HashSet<>();
        if (!Files.isDirectory(DESCRIPTORS)) {
            return inodes;
        }
        try (java.util.stream.Stream<Path> links = Files.list(DESCRIPTORS)) {
            for (Path link : (Iterable<Path>) links::iterator) {
                String target = target(link);
                if (target.startsWith("socket:[")) {
                    inodes.add(target.substring("socket:[".length(), target.length() - 1));
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException("cannot list " + DESCRIPTORS, e);
        }
        return inodes;
    }

    /** {@return the number of the descriptor that listens there} */
    static int descriptor(SocketAddress listener) throws IOException {
        String inode = inode(listener);
        try (java.util.stream.Stream<Path> links = Files.list(DESCRIPTORS)) {
            return links.filter(link -> target(link).equals("socket:[" + inode + "]"))
                    .findFirst()
                    .map(link -> Integer.parseInt(link.getFileName().toString()))
                    .orElseThrow(() -> new IOException("no descriptor for " + listener));
        }
    }

    private static String inode(SocketAddress listener) throws IOException {
        boolean tcp = listener instanceof InetSocketAddress;
        for (Path table : tcp ? TABLES.subList(0, 2) : TABLES.subList(2, 3)) {
            for (String line : lines(table)) {
                List<String> columns = List.of(line.trim().split("\\s+"));
                if (tcp
                        && columns.get(3).equals("0A")
                        && columns.get(1).endsWith(hexPort(((InetSocketAddress) listener).getPort()))) {
                    return columns.get(9);
                } else if (!tcp && columns.getLast().equals(listener.toString())) {
                    return columns.get(6);
                }
            }
        }
        throw new IOException("the system knows of no socket at " + listener);
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return ""; // closed meanwhile
        }
    }

    /** {@return a line for each open socket that is not among those} */
    static List<String> describe(Set<String> known) {
        Set<String> inodes = inodes();
        inodes.removeAll(known);
        List<String> lines = new ArrayList<>();
        for (String inode : inodes) {
            lines.add("socket " + inode + ": " + row(inode));
        }
        return lines;
    }

    /**
     * {@return seconds until the kernel probes the peer of a TCP connection, -1 if it will not} Empty where the kernel does
     * not tell, and while another timer of the connection runs.
     */
    static OptionalLong keepAliveSeconds(int localPort, int remotePort) {
        for (Path table : TABLES.subList(0, 2)) {
            for (String line : lines(table)) {
                List<String> columns = List.of(line.trim().split("\\s+"));
                if (columns.get(1).endsWith(hexPort(localPort))
                        && columns.get(2).endsWith(hexPort(remotePort))) {
                    return keepAliveSeconds(columns.get(5));
                }
            }
        }
        return OptionalLong.empty();
    }

    /** From {@code kind:ticks}, hexadecimal; kind 2 is the keep-alive timer, and there are 100 ticks in a second. */
    private static OptionalLong keepAliveSeconds(String timer) {
        return switch (timer.substring(0, 2)) {
            case "00" -> OptionalLong.of(-1);
            case "02" -> OptionalLong.of(Long.parseLong(timer.substring(3), 16) / 100);
            default -> OptionalLong.empty();
        };
    }

    private static String hexPort(int port) {
        return String.format(":%04X", port);
    }

    private static List<String> lines(Path table) {
        try {
            return Files.readAllLines(table);
        } catch (IOException e) {
            return List.of(); // no such table here
        }
    }

    private static String row(String inode) {
        for (Path table : TABLES) {
            for (String line : lines(table)) {
                if (List.of(line.trim().split("\\s+")).contains(inode)) {
                    return table.getFileName() + " " + line.trim();
                }
            }
        }
        return "in no table of /proc/self/net";
    }
}
