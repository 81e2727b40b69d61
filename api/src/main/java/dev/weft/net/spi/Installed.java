// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.spi;

import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** The providers that were found when this class was first used; a program's path does not change while it runs. */
final class Installed {
    static final @Nullable NetProvider NET = first(NetProvider.class);
    static final @Nullable SecurityProvider SECURITY = first(SecurityProvider.class);

    private Installed() {}

    static <P> P require(@Nullable P provider, String what, String artifact) {
        if (provider == null) {
            throw new UnsupportedOperationException(what + " needs " + artifact + " on the class or module path");
        }
        return provider;
    }

    private static <P> @Nullable P first(Class<P> type) {
        // Our own loader also sees what lies beside us, where the context loader of a container may not.
        P found = ServiceLoader.load(type).findFirst().orElse(null);
        return found != null
                ? found
                : ServiceLoader.load(type, type.getClassLoader()).findFirst().orElse(null);
    }
}
