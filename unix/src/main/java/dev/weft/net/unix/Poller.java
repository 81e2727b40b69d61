// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Parks virtual threads until channels in non-blocking mode are ready: one platform thread with a selector, for all of them.
 */
final class Poller implements Runnable {
    private final Selector selector;

    private Poller() {
        try {
            selector = Selector.open();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("no selector", e);
        }
    }

    /** Made when the first channel needs it. */
    private static final class Shared {
        static final Poller POLLER = new Poller();

        static {
            Thread unused = Thread.ofPlatform().name("weft-poller").daemon(true).start(POLLER);
        }
    }

    /** One channel, for which one thread may wait to read and one to write. */
    static final class Readiness {
        private final SelectionKey key;
        private volatile @Nullable Thread reader;
        private volatile @Nullable Thread writer;

        /** In non-blocking mode. */
        Readiness(SocketChannel channel) throws IOException {
            key = channel.register(Shared.POLLER.selector, 0, this);
        }

        /** Parks until there is something to read, or it is worth a try. */
        void awaitReadable() {
            reader = Thread.currentThread();
            want(SelectionKey.OP_READ);
            while (reader != null) {
                LockSupport.park(this); // parks
            }
        }

        /** Parks until something can be written, or it is worth a try. */
        void awaitWritable() {
            writer = Thread.currentThread();
            want(SelectionKey.OP_WRITE);
            while (writer != null) {
                LockSupport.park(this); // parks
            }
        }

        private void want(int operation) {
            try {
                int unused = key.interestOpsOr(operation);
                Selector unusedToo = key.selector().wakeup();
            } catch (CancelledKeyException e) {
                wake(operation); // closed
            }
        }

        private void wake(int operations) {
            if ((operations & SelectionKey.OP_READ) != 0) {
                Thread waiting = reader;
                reader = null;
                LockSupport.unpark(waiting);
            }
            if ((operations & SelectionKey.OP_WRITE) != 0) {
                Thread waiting = writer;
                writer = null;
                LockSupport.unpark(waiting);
            }
        }

        /** The channel was closed: wakes those who wait, and has the selector let go of the descriptor. */
        void closed() {
            wake(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
            Selector unused = key.selector().wakeup();
        }

        private void ready() {
            int ready;
            try {
                ready = key.readyOps();
                int unused = key.interestOpsAnd(~ready);
            } catch (CancelledKeyException e) {
                ready = SelectionKey.OP_READ | SelectionKey.OP_WRITE;
            }
            wake(ready);
        }
    }

    @Override
    public void run() {
        for (; ; ) {
            try {
                int unused = selector.select(key -> ((Readiness) key.attachment()).ready());
            } catch (IOException e) {
                System.getLogger("dev.weft.net").log(Level.ERROR, "waiting for sockets", e);
            }
        }
    }
}
