// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.tls;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Takes everything, and gives what a test says. */
abstract class ScriptedTransport extends ConnectedTransport {
    @Override
    public int write(ByteBuffer source) throws IOException {
        int n = source.remaining();
        source.position(source.limit());
        return n;
    }

    @Override
    public long write(ByteBuffer[] sources, int count) {
        throw new AssertionError("records are written one at a time");
    }

    @Override
    public void configureBlocking(boolean block) {}

    @Override
    public void shutdownOutput() {}

    @Override
    public String protocol() {
        return "scripted";
    }

    @Override
    public void close() {}

    @Override
    public void reset() {}
}
