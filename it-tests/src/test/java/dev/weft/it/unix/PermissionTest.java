// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.peers.Programs;
import dev.weft.it.stress.Child;
import dev.weft.it.support.Await;
import dev.weft.it.support.LeakCheck;
import dev.weft.it.support.TestScope;
import dev.weft.net.Net;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * What someone is told who has no permission. The superuser always has it, so the program that is told so is the superuser's,
 * but without that privilege, and the files are someone else's. (As someone else it might not even be allowed to read the JDK.)
 */
@ExtendWith(LeakCheck.class)
class PermissionTest {
    private static final List<String> UNPRIVILEGED =
            List.of("setpriv", "--bounding-set=-dac_override,-dac_read_search");

    @TempDir
    Path folder;

    @Test
    void errorsNameThePathAndSayThatItIsNotPermitted(TestScope scope) throws IOException {
        Programs.assumePresent("setpriv");
        assumeTrue(
                ProcessHandle.current().info().user().orElse("").equals("root"),
                "only the superuser can give files to someone else");
        assumeTrue(canGiveUpPrivileges(), "this superuser may not give up privileges for a program");
        Path ours = folder.resolve("ours.sock");
        Server server = scope.add(Net.createServer(
                ServerOptions.defaults().socketFilePermissions(PosixFilePermissions.fromString("rw-------")),
                scope::add));
        server.listen(ours.toString());
        Object unused = Await.value("bound", server.bound());
        giveAway(ours, "rw-------");
        Path theirs = Files.createDirectory(folder.resolve("closed")).resolve("theirs.sock");
        giveAway(theirs.getParent(), "rwxr-xr-x");
        Path locked = folder.resolve("x.sock");
        Path lock = Files.createFile(folder.resolve(".x.sock.lock"));
        giveAway(lock, "rw-------");

        List<String> command = new ArrayList<>(UNPRIVILEGED);
        command.addAll(Child.javaCommand(Unprivileged.class, theirs.toString(), ours.toString(), locked.toString()));
        try (Child child = Child.start(command)) {
            assertEquals(
                    "listen unix " + theirs + ": Permission denied\n"
                            + "connect unix " + ours + ": Permission denied\n"
                            + "listen unix " + locked + ": Permission denied: the lock " + lock
                            + " is someone else's\n",
                    child.outputAtEnd(),
                    child::toString);
        }
    }

    private static boolean canGiveUpPrivileges() {
        List<String> command = new ArrayList<>(UNPRIVILEGED);
        command.addAll(List.of("sh", "-c", "echo yes"));
        try (Child child = Child.start(command)) {
            return child.outputAtEnd().equals("yes\n");
        }
    }

    /** To a user of no name, whom nothing on this machine belongs to. */
    private static void giveAway(Path file, String permissions) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        Files.setOwner(
                file, file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("65534"));
    }
}
