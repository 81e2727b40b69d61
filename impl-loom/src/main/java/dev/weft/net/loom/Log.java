// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/** What nobody listens to ends here, so that nothing is swallowed. The logger's name is {@code dev.weft.net}. */
final class Log {
    private static final Logger LOGGER = System.getLogger("dev.weft.net");

    private Log() {}

    /** An error that no listener was there for: the network's in a line, the program's own with its stack. */
    static void unheard(Object source, Throwable error) {
        if (error instanceof IOException) {
            LOGGER.log(Level.INFO, source + ": " + Errors.text(error));
        } else {
            LOGGER.log(Level.ERROR, source.toString(), error);
        }
    }

    /** A listener has thrown where no {@code error} event can follow any more. */
    static void listenerFailed(Object source, Throwable error) {
        LOGGER.log(Level.ERROR, source + ": a listener has thrown", error);
    }

    /** A failure of something that is over anyway. */
    static void debug(String what, Throwable error) {
        LOGGER.log(Level.DEBUG, what, error);
    }
}
