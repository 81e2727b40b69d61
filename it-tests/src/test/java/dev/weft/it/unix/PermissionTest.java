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
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What someone is told who has no permission. The superuser always has it, so this needs another user to be. */
@ExtendWith(LeakCheck.class)
class PermissionTest {
    private static final Set<PosixFilePermission> FOR_ALL = PosixFilePermissions.fromString("rwxr-xr-x");

    @TempDir
    Path folder;

    @Test
    void errorsNameThePathAndSayThatItIsNotPermitted(TestScope scope)
            throws IOException, ReflectiveOperationException, URISyntaxException {
        Programs.assumePresent("setpriv");
        assumeTrue(
                ProcessHandle.current().info().user().orElse("").equals("root"),
                "only the superuser can start a program as someone else");
        Files.setPosixFilePermissions(folder, FOR_ALL);
        Path ours = folder.resolve("ours.sock");
        Server server = scope.add(Net.createServer(
                ServerOptions.defaults().socketFilePermissions(PosixFilePermissions.fromString("rw-------")),
                scope::add));
        server.listen(ours.toString());
        Object unused = Await.value("bound", server.bound());
        Path theirs = folder.resolve("theirs.sock");
        Path shared = Files.createDirectory(folder.resolve("shared"));
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path locked = shared.resolve("x.sock");
        Path lock = Files.createFile(shared.resolve(".x.sock.lock"));
        Files.setPosixFilePermissions(lock, PosixFilePermissions.fromString("rw-------"));

        List<String> command = new ArrayList<>(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                readableClassPath(),
                Unprivileged.class.getName(),
                theirs.toString(),
                ours.toString(),
                locked.toString()));
        try (Child nobody = Child.start(command)) {
            assertEquals(
                    "listen unix " + theirs + ": Permission denied\n"
                            + "connect unix " + ours + ": Permission denied\n"
                            + "listen unix " + locked + ": Permission denied: the lock " + lock
                            + " is someone else's\n",
                    nobody.outputAtEnd(),
                    nobody::toString);
        }
    }

    /** The build's own folders may be in someone's home, where others may not look. */
    private String readableClassPath() throws IOException, ReflectiveOperationException, URISyntaxException {
        List<String> copies = new ArrayList<>();
        for (Class<?> type : List.of(
                Net.class,
                Class.forName("dev.weft.net.loom.LoomNet"),
                Class.forName("dev.weft.net.unix.UnixProvider"),
                Class.forName("org.jctools.queues.MessagePassingQueue"),
                Class.forName("org.jctools.queues.varhandle.unpadded.MpscLinkedVarHandleUnpaddedQueue"),
                Unprivileged.class)) {
            Path original = location(type);
            Path copy = folder.resolve(copies.size() + (Files.isDirectory(original) ? "" : ".jar"));
            copies.add(copy.toString());
            try (var files = Files.walk(original)) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    Path target = copy.resolve(original.relativize(file).toString());
                    if (Files.isDirectory(file)) {
                        Files.createDirectories(target);
                    } else {
                        Files.copy(file, target);
                    }
                    Files.setPosixFilePermissions(target, FOR_ALL);
                }
            }
        }
        return String.join(File.pathSeparator, copies);
    }

    /** The directory or archive that a class comes from, also if it was patched into a module. */
    private static Path location(Class<?> type) throws URISyntaxException, IOException {
        String name = type.getName().replace('.', '/') + ".class";
        URL url = type.getResource("/" + name);
        if (url.getProtocol().equals("jar")) {
            String file = url.getPath();
            return Path.of(URI.create(file.substring(0, file.indexOf("!/"))));
        }
        Path path = Path.of(url.toURI());
        for (int i = 0; i < name.split("/").length; i++) {
            path = path.getParent();
        }
        return path;
    }
}
