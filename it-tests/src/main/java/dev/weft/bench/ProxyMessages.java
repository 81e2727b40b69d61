// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

/** The server passes messages on to another one that writes what it reads, and the answers back. */
final class ProxyMessages extends ClosedLoop {
    @Override
    public String name() {
        return "proxymsg";
    }

    @Override
    public String title() {
        return "the server passes messages on to an echo server in C, and the answers back";
    }

    @Override
    public String backend() {
        return "echo";
    }
}
