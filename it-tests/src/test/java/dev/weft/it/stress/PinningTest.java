// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.it.support.Pki;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * No virtual thread parks in weft with its carrier pinned: the flight recorder says so of a process that does a little
 * of everything. A thread that is pinned on purpose proves that it would say otherwise.
 */
class PinningTest {
    private static final String EVENT = "jdk.VirtualThreadPinned";

    @TempDir
    private Path directory;

    @Test
    void noThreadParksPinnedInWeft() {
        String key = Pki.file(directory, "key.pem", Pki.SERVER.getPrivateKeyPEM());
        String certificates = Pki.file(directory, "cert.pem", Pki.SERVER.getCertificatePathPEM());
        String trusted = Pki.file(directory, "ca.pem", Pki.CA.getCertificatePEM());
        try (Child run = Child.java(PinningRun.class, List.of(), key, certificates, trusted)) {
            // what initializes classes may pin, once
            run.tell("run 3");
            run.await("ran");
            String setting = "+" + EVENT + "#";
            tool(
                    "jcmd",
                    run.pid(),
                    "JFR.start",
                    "name=pins",
                    "settings=none",
                    setting + "enabled=true",
                    setting + "threshold=0ns",
                    setting + "stackTrace=true");
            run.tell("run 10");
            run.await("ran");
            run.tell("pin");
            run.await("pinned");
            String file = directory.resolve("pins.jfr").toString();
            tool("jcmd", run.pid(), "JFR.stop", "name=pins", "filename=" + file);
            assertEquals("", run.errors());

            List<String> pins = events(tool("jfr", "print", "--events", EVENT, "--stack-depth", "64", file));
            assertTrue(pins.removeIf(pin -> pin.contains("PinningRun$Pin")), "the pin on purpose was not seen");
            // JDK 21 waits in close, inside a monitor of its own, for a read that does not park to come back.
            pins.removeIf(pin -> pin.contains("SocketChannelImpl.implCloseNonBlockingMode"));
            assertEquals(
                    List.of(),
                    pins.stream().filter(pin -> pin.contains("dev.weft.net")).toList());
        }
    }

    /** The text of each event. */
    private static List<String> events(String printed) {
        return new ArrayList<>(Pattern.compile("(?m)^(?=" + EVENT + " \\{)")
                .splitAsStream(printed)
                .filter(text -> !text.isBlank())
                .toList());
    }

    /** What a tool of the JDK prints. */
    private static String tool(String name, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", name).toString());
        command.addAll(List.of(arguments));
        try (Child tool = Child.start(command)) {
            return tool.outputAtEnd();
        }
    }
}
