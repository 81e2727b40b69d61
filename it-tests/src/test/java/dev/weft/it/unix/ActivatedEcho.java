// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.unix.SystemdActivation;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An echo server on whatever was handed over to the process; says where, and ends with its standard input. */
final class ActivatedEcho {
    private ActivatedEcho() {}

    /** Serves. */
    public static void main(String[] arguments) throws Exception {
        List<SystemdActivation.Socket> sockets = SystemdActivation.sockets();
        System.out.println("sockets " + sockets.size());
        for (SystemdActivation.Socket socket : sockets) {
            Server server = Net.createServer(stream -> stream.onData(stream::write));
            server.listenFD(socket.fd());
            System.out.println(
                    "listening " + socket.name() + " " + server.bound().get(20, TimeUnit.SECONDS));
        }
        while (System.in.read() >= 0) {
            // until the end
        }
        System.exit(0);
    }
}
