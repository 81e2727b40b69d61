// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows compiles, the first program first. */
class ReadmeTest {
    private static final Pattern BLOCK = Pattern.compile("^```java\\R(.*?)^```", Pattern.MULTILINE | Pattern.DOTALL);

    @TempDir
    private Path classes;

    @TestFactory
    List<DynamicTest> everyJavaBlockCompiles() throws IOException {
        Path readme = Path.of("..", "README.md");
        assumeTrue(Files.isRegularFile(readme), () -> "not found, so not compiled: " + readme.toAbsolutePath());
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        assumeTrue(compiler != null, "this Java runtime has no compiler");
        List<String> blocks = BLOCK.matcher(Files.readString(readme))
                .results()
                .map((MatchResult block) -> block.group(1))
                .toList();
        assertTrue(
                !blocks.isEmpty() && blocks.get(0).contains("server.listen(8124, \"localhost\");"),
                "the first program");
        return blocks.stream()
                .map(block ->
                        DynamicTest.dynamicTest(block.lines().findFirst().orElse(""), () -> compile(compiler, block)))
                .toList();
    }

    /** What a block takes for granted are fields, so that it may declare them itself. */
    private void compile(JavaCompiler compiler, String block) {
        String source = """
                import dev.weft.net.*;
                import dev.weft.net.unix.*;
                import java.nio.file.Path;

                class Snippet {
                    Server server;
                    Stream stream;
                    java.nio.ByteBuffer bytes;
                    java.io.FileInputStream file;

                    void run() throws Exception {
                %s
                    }
                }
                """.formatted(block);
        SimpleJavaFileObject file =
                new SimpleJavaFileObject(URI.create("string:///Snippet.java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return source;
                    }
                };
        String path = Stream.of("java.class.path", "jdk.module.path")
                .map(System::getProperty)
                .filter(each -> each != null && !each.isEmpty())
                .collect(Collectors.joining(File.pathSeparator));
        StringWriter errors = new StringWriter();
        boolean compiled = compiler.getTask(
                        errors, null, null, List.of("-classpath", path, "-d", classes.toString()), null, List.of(file))
                .call();
        assertTrue(compiled, () -> errors + source);
    }
}
