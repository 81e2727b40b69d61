// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A process without descriptors: it says so, waits without wasting the processor, and goes on when there are some. */
@EnabledOnOs({OS.LINUX, OS.MAC})
class DescriptorExhaustionTest {
    private static final int DESCRIPTORS = 256;
    private static final int CLIENTS = 5;

    private final Child process = Child.javaWithDescriptors(DESCRIPTORS, ExhaustedProcess.class);
    private final int port = Integer.parseInt(process.await("listening"));
    private final List<Socket> clients = new ArrayList<>();

    @AfterEach
    void close() throws IOException {
        for (Socket client : clients) {
            client.close();
        }
        process.close();
        assertEquals("", process.errors());
    }

    /** The kernel completes it whether or not the process accepts. */
    private Socket connect(String text) throws IOException {
        Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
        clients.add(client);
        client.setSoTimeout((int) Wait.LIMIT.toMillis());
        client.getOutputStream().write(text.getBytes(US_ASCII));
        return client;
    }

    private static void assertEchoed(String text, Socket client) throws IOException {
        assertEquals(text, new String(client.getInputStream().readNBytes(text.length()), US_ASCII));
    }

    private void tell(String command, String answer) {
        process.tell(command);
        process.await(answer);
    }

    private long errors() {
        return process.count("server error");
    }

    @Test
    void waitingClientsAreServedWhenThereAreDescriptorsAgain() throws IOException {
        for (int episode = 1; episode <= 3; episode++) {
            long before = errors();
            tell("hoard", "hoarded");
            for (int i = 0; i < CLIENTS; i++) {
                connect("client " + i);
            }
            assertEquals("TOO_MANY_OPEN_FILES", process.await("server error"));
            tell("tick 300", "tick");
            assertEquals(before + 1, errors(), process::toString);
            tell("free 1000", "freed");
            for (int i = 0; i < CLIENTS; i++) {
                assertEchoed("client " + i, clients.get(i));
                clients.get(i).close();
            }
            clients.clear();
            tell("await 0", "connections 0");
        }
    }

    @Test
    void waitingCostsLittleProcessorTime() throws IOException {
        tell("hoard", "hoarded");
        Socket client = connect("waiting");
        process.await("server error");
        Duration before = process.cpuTime();
        tell("tick 1500", "tick");
        Duration used = process.cpuTime().minus(before);
        assertTrue(used.toMillis() < 500, () -> "used " + used + " of 1.5 s to wait");
        assertEquals(1, errors(), process::toString);
        tell("free 1000", "freed");
        assertEchoed("waiting", client);
    }

    @Test
    void eachDescriptorThatIsFreedServesAClient() throws IOException {
        tell("hoard", "hoarded");
        for (int i = 0; i < CLIENTS; i++) {
            connect("client " + i);
        }
        process.await("server error");
        for (Socket client : List.copyOf(clients)) {
            tell("free 1", "freed 1");
            assertEchoed("client " + clients.indexOf(client), client);
        }
        // an episode ends with each connection, and the next may begin at once
        assertTrue(errors() <= 1 + CLIENTS, process::toString);
        tell("await " + CLIENTS, "connections " + CLIENTS);
        tell("free 1000", "freed");
        assertEchoed("newcomer", connect("newcomer"));
    }

    @Test
    void connectFailsAndMayBeTriedAgain() {
        tell("hoard", "hoarded");
        process.tell("connect");
        assertEquals("TOO_MANY_OPEN_FILES", process.await("client error"));
        process.expect("client close true");
        tell("free 1000", "freed");
        tell("connect", "client connect");
        tell("end", "client close false");
    }
}
