// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import dev.weft.net.Net;
import dev.weft.net.NetException;
import dev.weft.net.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** Listens on a path as often as it is told one, and says how that went; it is killed in the end. */
final class PathServer {
    private PathServer() {}

    /** Does as it is told. */
    public static void main(String[] arguments) throws IOException {
        String name = ProcessHandle.current().pid() + "";
        System.out.println("ready");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String path = input.readLine(); path != null; path = input.readLine()) {
            Server server = Net.createServer(stream -> stream.end(name));
            server.onError(error -> System.out.println("error " + ((NetException) error).code()));
            server.listen(path, () -> System.out.println("listening"));
        }
        System.exit(0);
    }
}
