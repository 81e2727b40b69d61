// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.io.Serial;
import java.net.SocketAddress;
import java.util.Objects;

/** Where a pipe begins: a kind of address that neither the JDK nor the engine knows. */
public final class PipeAddress extends SocketAddress {
    @Serial
    private static final long serialVersionUID = 1;

    private final String name;

    public PipeAddress(String name) {
        this.name = Objects.requireNonNull(name, "name");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PipeAddress that && name.equals(that.name);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return "pipe:" + name;
    }
}
