// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.Stream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * Passes everything that a stream receives on to another one: see {@link Stream#pipe}. A thread of its own reads and writes
 * on the blocking faces, so there is no hand-off between them, and back-pressure is a write that parks.
 */
final class Pipe implements Runnable {
    private final Stream source;
    private final Stream destination;
    private final InputStream in;
    private final OutputStream out;

    Pipe(Stream source, Stream destination) {
        this.source = source;
        this.destination = destination;
        out = destination.outputStream(); // refused before the source is turned to pull mode
        in = source.inputStream();
    }

    /** A source that says nothing must not outlive what it is for: only a write would find out. */
    void destinationClosed() {
        if (out instanceof PullOutput output && output.wasCut()) {
            source.destroy(output.whyClosed());
        }
    }

    @Override
    public void run() {
        try {
            in.transferTo(out); // parks
            out.close();
        } catch (IOException | RuntimeException | Error e) {
            // Whichever has failed has told it. The other one must not look as if it had come to its end.
            source.destroy(e);
            destination.destroy(e);
        }
    }
}
