// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.stress;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/** The other side of {@link Child}: does what the lines tell, each a command and maybe a word. */
final class Commands {
    private final Map<String, Consumer<String>> actions = new HashMap<>();

    /** What to do at a command; given what follows it, which may be nothing. */
    Commands on(String command, Consumer<String> action) {
        actions.put(command, action);
        return this;
    }

    /** Tells the parent. Not with System.out.println, which may hold its lock while others wait. */
    static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    /** Does as told on this thread, then ends the process. */
    void run() throws IOException {
        try (BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                String[] words = line.split(" ", 2);
                actions.get(words[0]).accept(words.length == 1 ? "" : words[1]);
            }
        }
        System.exit(0);
    }
}
