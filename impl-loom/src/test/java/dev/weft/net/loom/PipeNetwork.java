// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.spi.Acceptor;
import dev.weft.net.spi.Transport;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.nio.channels.AsynchronousCloseException;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The addresses where pipes can be connected. Shared by all engines in this JVM. */
public final class PipeNetwork {
    static final int CAPACITY = 4096;

    private static final Map<SocketAddress, PipeAcceptor> ACCEPTORS = new ConcurrentHashMap<>();
    private static final AtomicInteger CLIENTS = new AtomicInteger();

    private PipeNetwork() {}

    public static Transport open() {
        return new PipeTransport(CAPACITY);
    }

    public static Acceptor listen(SocketAddress address) throws IOException {
        PipeAcceptor acceptor = new PipeAcceptor(address);
        if (ACCEPTORS.putIfAbsent(address, acceptor) != null) {
            throw new BindException("Address already in use");
        }
        return acceptor;
    }

    static void connect(PipeTransport client, SocketAddress address) throws IOException {
        PipeAcceptor acceptor = ACCEPTORS.get(address);
        if (acceptor == null) {
            throw new ConnectException("Connection refused");
        }
        acceptor.offer(client.attach(new PipeAddress("client-" + CLIENTS.incrementAndGet()), address));
    }

    private static final class PipeAcceptor implements Acceptor {
        private final SocketAddress address;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();

        // -- Guarded by lock. --
        private final Queue<PipeTransport> waiting = new ArrayDeque<>();
        private boolean closed;

        PipeAcceptor(SocketAddress address) {
            this.address = address;
        }

        void offer(PipeTransport server) throws IOException {
            lock.lock();
            try {
                if (closed) {
                    throw new ConnectException("Connection refused");
                }
                waiting.add(server);
                changed.signal();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public String protocol() {
            return "pipe";
        }

        @Override
        public SocketAddress address() {
            return address;
        }

        @Override
        public Transport accept() throws IOException {
            lock.lock();
            try {
                while (waiting.isEmpty() && !closed) {
                    changed.awaitUninterruptibly();
                }
                if (closed) {
                    throw new AsynchronousCloseException();
                }
                return waiting.remove();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public boolean isOpen() {
            lock.lock();
            try {
                return !closed;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            ACCEPTORS.remove(address, this);
            lock.lock();
            try {
                closed = true;
                waiting.forEach(PipeTransport::reset);
                waiting.clear();
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
