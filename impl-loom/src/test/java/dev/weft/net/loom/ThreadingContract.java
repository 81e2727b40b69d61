// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Watches over what {@link dev.weft.net.spi.Transport} promises to its implementers: one reader at most, one writer at most,
 * changes of mode only while there is neither, and each of the last words once. {@link LeakCheck} reports what was broken.
 */
final class ThreadingContract {
    private static final Queue<String> VIOLATIONS = new ConcurrentLinkedQueue<>();

    private final String name;

    // -- Guarded by this. --
    private final List<Thread> readers = new ArrayList<>();
    private final List<Thread> writers = new ArrayList<>();
    private boolean outputFinished;
    private boolean outputShutDown;

    ThreadingContract(String name) {
        this.name = name;
    }

    static void forget() {
        VIOLATIONS.clear();
    }

    static List<String> violations() {
        return List.copyOf(VIOLATIONS);
    }

    synchronized void beginRead(int room) {
        check(readers.isEmpty(), "a second thread in read, beside " + readers);
        check(room > 0, "read into a full buffer");
        readers.add(Thread.currentThread());
    }

    synchronized void endRead() {
        readers.remove(Thread.currentThread());
    }

    synchronized void beginWrite(long bytes) {
        check(bytes > 0, "write of nothing");
        check(!outputShutDown, "write after shutdownOutput");
        check(!outputFinished, "write after finishOutput");
        begin("write");
    }

    synchronized void beginFlush() {
        begin("flush");
    }

    private void begin(String call) {
        check(writers.isEmpty(), "a second thread in write or flush: " + call + " beside " + writers);
        writers.add(Thread.currentThread());
    }

    synchronized void endWrite() {
        writers.remove(Thread.currentThread());
    }

    synchronized void configureBlocking(boolean block) {
        check(readers.isEmpty(), "configureBlocking(" + block + ") while in read: " + readers);
        check(writers.isEmpty(), "configureBlocking(" + block + ") while in write: " + writers);
    }

    synchronized void finishOutput() {
        check(!outputFinished, "finishOutput twice");
        check(writers.isEmpty(), "finishOutput while in write: " + writers);
        outputFinished = true;
    }

    synchronized void shutdownOutput() {
        check(!outputShutDown, "shutdownOutput twice");
        check(writers.isEmpty(), "shutdownOutput while in write: " + writers);
        outputShutDown = true;
    }

    private void check(boolean kept, String violation) {
        if (!kept) {
            VIOLATIONS.add(name + ": " + violation + ", by " + Thread.currentThread());
        }
    }
}
