// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.spi.SecureTransport;
import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads from a connection into buffers of the engine's: a small one while it waits, since most connections wait most of the
 * time, and a large one for what is there already. What it has read is lent until {@link #giveBack()}: the next read uses the
 * buffer again.
 *
 * <p>Used by one thread, and by those for which that one waits.
 */
final class Intake {
    /** What a parked read holds: it fits small messages, and grows to what this connection receives, up to the limit. */
    private static final int SMALL = 128;

    private static final int SMALL_LIMIT = 1024;

    private static final int SMALL_LIMIT_BESIDE_WRITER = 32 << 10;

    /** After some tries to read in a row that have found nothing, so many reads at most are made without one. */
    private static final int MAX_DISCOURAGED = 16;

    private final Connection connection;
    private final Relay relay = Relay.INSTANCE;

    /** Whether the last read filled so much that the next one need not wait, most likely. */
    private boolean busy;

    private boolean hopeful;
    private boolean atEnd;
    private int calls;
    private int misses;

    /** How many reads are still to be made without a try, the first one among them: it has no past to hope from. */
    private int discouraged = 1;

    private @Nullable ByteBuffer small;

    /** What was read last, in {@link #small} or in {@link #large}. */
    private @Nullable ByteBuffer lent;

    /** Of {@link Buffers}, while it is lent. */
    private @Nullable ByteBuffer large;

    Intake(Connection connection) {
        this.connection = connection;
    }

    /**
     * On a busy server there is something to read after that: then the channel need not change its mode, nor the poller be
     * armed. Parks.
     */
    void letOthersRun() {
        calls++;
        if (busy) {
            relay.giveWay(calls); // parks
            hopeful = false;
        } else {
            hopeful = relay.letOthersRun(calls) && --discouraged < 0; // parks
        }
    }

    /** For a loop that reads by itself. Parks. */
    void giveWay() {
        relay.giveWay(++calls); // parks
    }

    /**
     * Parks until there is something, or to be looked at.
     *
     * @return what was read, lent; null if nothing was, for instance because this is the end: see {@link #isAtEnd()}
     */
    @Nullable
    ByteBuffer read() throws IOException {
        atEnd = false; // a layer that was laid over the connection finds the end by itself
        ByteBuffer bytes = busy || hopeful ? tryReadLarge(connection.transport(), null) : null;
        if (hopeful) {
            learn(bytes != null);
        }
        if (bytes == null && !atEnd) {
            bytes = readSmall(); // parks
        }
        lent = bytes;
        return bytes;
    }

    /** Whether the peer has ended. */
    boolean isAtEnd() {
        return atEnd;
    }

    private void learn(boolean hit) {
        relay.learn(hit);
        misses = hit ? 0 : Math.min(misses + 1, MAX_DISCOURAGED);
        discouraged = misses / 2;
    }

    private @Nullable ByteBuffer readSmall() throws IOException {
        ByteBuffer target = small;
        if (target == null) {
            target = small = ByteBuffer.allocate(SMALL);
        }
        WritePath writes = connection.writes();
        writes.beforeRead();
        if (connection.isLettingGo() && writes.isFinished()) {
            writes.afterRead();
            return null;
        }
        Transport transport = connection.transport();
        int n;
        try {
            n = transport.read(target.clear()); // parks
        } finally {
            writes.afterRead();
        }
        SecureTransport layer = connection.layerOver(transport);
        if (n < 0) {
            atEnd = layer == null; // or it finds the end by itself
            return null;
        }
        target.flip();
        if (layer != null && n > 0) {
            // The stream was secured while we read: what has arrived belongs to the new layer.
            layer.unread(copy(target));
        }
        if (layer != null || n == 0) {
            if (n == 0) {
                writes.requestFlush(); // on this thread, if nobody writes
            }
            connection.touch();
            return null;
        }
        connection.received(n);
        if (n < target.capacity()) {
            if (target.capacity() > SMALL_LIMIT && n < target.capacity() / 4) {
                small = null;
            }
            return target;
        }
        ByteBuffer more = tryReadLarge(transport, target);
        grow(n);
        return more == null ? target : more;
    }

    /** A full buffer was too small. It may become large only where no large one can be lent: a writer may be parked. */
    private void grow(int filled) {
        int limit = connection.writes().isReaderFree() ? SMALL_LIMIT : SMALL_LIMIT_BESIDE_WRITER;
        if (filled < limit) {
            small = ByteBuffer.allocate(2 * filled);
        }
    }

    /**
     * Reads into a large buffer if there is something to read.
     *
     * @param transport from which head has come, if there is one
     * @param head what comes before it, or null
     * @return head and what was read, or null if nothing was
     */
    private @Nullable ByteBuffer tryReadLarge(Transport transport, @Nullable ByteBuffer head) throws IOException {
        WritePath writes = connection.writes();
        if (!writes.beginTryRead()) {
            busy = false;
            return null;
        }
        ByteBuffer target = Buffers.take();
        if (head != null) {
            target.put(head.duplicate());
        }
        int n = 0;
        try {
            n = transport.read(target);
        } finally {
            writes.endTryRead();
            if (n <= 0) {
                Buffers.give(target);
            }
        }
        if (n <= 0) {
            busy = false;
            atEnd = n < 0;
            return null;
        }
        connection.received(n);
        busy = n > SMALL_LIMIT;
        large = target.flip();
        return target;
    }

    // -- What lies in a buffer of ours. --

    static ByteBuffer copy(ByteBuffer source) {
        byte[] bytes = new byte[source.remaining()];
        source.get(source.position(), bytes);
        return ByteBuffer.wrap(bytes);
    }

    /** What was read last, until it is given back. */
    @Nullable
    ByteBuffer lent() {
        return lent;
    }

    /** What was read last is not needed any more. */
    void giveBack() {
        lent = null;
        ByteBuffer used = large;
        if (used != null) {
            large = null;
            Buffers.give(used);
        }
    }

    /** What was read last is used by someone else, for who knows how long. */
    void abandon() {
        lent = null;
        if (large != null) {
            Buffers.abandon(large);
            large = null;
        }
        small = null;
    }
}
