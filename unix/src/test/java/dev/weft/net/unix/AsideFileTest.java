// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a socket can be for a moment. */
class AsideFileTest {
    @TempDir
    Path folder;

    private List<Path> content() throws IOException {
        try (var files = Files.list(folder)) {
            return files.toList();
        }
    }

    @Test
    void theFirstPlaceThatWillDoIsTakenAndNothingIsLeftThere() throws IOException {
        Path missing = folder.resolve("missing");
        Path deep = Files.createDirectory(folder.resolve("x".repeat(100)));
        Path noFolder = Files.createFile(folder.resolve("file"));
        Path good = Files.createDirectory(folder.resolve("good"));
        List<Path> before = content();
        Path file;
        try (AsideFile aside = AsideFile.choose(List.of(missing, deep, noFolder, good));
                ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            file = aside.address().getPath();
            assertTrue(file.startsWith(good), file::toString);
            channel.bind(aside.address());
        }
        assertFalse(Files.exists(file.getParent()));
        try (var left = Files.list(deep)) {
            assertEquals(0, left.count());
        }
        assertEquals(before, content());
    }

    @Test
    void whereNoPlaceWillDoTheyAreNamedAndEachHasItsReason() {
        Path missing = folder.resolve("missing");
        SocketException e =
                assertThrows(SocketException.class, () -> AsideFile.choose(List.of(missing, folder.resolve("too"))));
        assertTrue(e.getMessage().endsWith("tried [" + missing + ", " + folder + "/too]"), e::getMessage);
        assertEquals(2, e.getSuppressed().length);
    }
}
