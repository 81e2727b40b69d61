// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.NetException;
import dev.weft.net.spi.Transport;
import dev.weft.net.spi.TransportProvider;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Opens one connection: looks the name up and tries its addresses.
 *
 * <p>Several addresses race as RFC 8305 has it: the families take turns, each attempt gets a head start, a failure starts the
 * next one at once, and the first to connect wins. A slow attempt is not given up for the next one.
 */
final class Dialer {
    /** RFC 8305, 5: the recommended connection attempt delay. */
    private static final long HEAD_START_NANOS = 250_000_000;

    private final SocketAddress target;
    private final TransportProvider provider;

    /** Attempts under way. Guarded by itself, and so is cancelled. */
    private final List<Transport> attempts = new ArrayList<>();

    private boolean cancelled;
    private volatile @Nullable Thread dialing;

    Dialer(SocketAddress target) {
        this.target = target;
        this.provider = Providers.of(target);
    }

    /** Where to; a name as it was given. */
    SocketAddress target() {
        return target;
    }

    /** What a certificate of the peer must bear: the name or the literal address, or null for another kind of address. */
    @Nullable
    String peerName() {
        return target instanceof InetSocketAddress inet && inet.isUnresolved()
                ? inet.getHostString()
                : Addresses.host(target);
    }

    String protocol() {
        return provider.protocol();
    }

    /**
     * Parks until there is a connection.
     *
     * @throws IOException if there is none to be had, with everything that was tried
     */
    Transport dial() throws IOException {
        dialing = Thread.currentThread();
        List<SocketAddress> addresses = resolve();
        return addresses.size() == 1 ? attempt(addresses.getFirst()) : race(addresses);
    }

    /** Wakes up {@link #dial}, which then fails. */
    void cancel() {
        List<Transport> open;
        synchronized (attempts) {
            cancelled = true;
            open = List.copyOf(attempts);
        }
        open.forEach(Transport::close);
        LockSupport.unpark(dialing);
    }

    private boolean isCancelled() {
        synchronized (attempts) {
            return cancelled;
        }
    }

    private List<SocketAddress> resolve() throws IOException {
        if (!(target instanceof InetSocketAddress inet) || !inet.isUnresolved()) {
            return List.of(target);
        }
        CompletableFuture<List<InetAddress>> lookup = Names.lookup(inet.getHostString());
        Thread self = Thread.currentThread();
        CompletableFuture<?> unused = lookup.whenComplete((found, e) -> LockSupport.unpark(self));
        while (!lookup.isDone()) {
            if (isCancelled()) {
                throw error(target, new ClosedChannelException());
            }
            LockSupport.park(this); // parks
        }
        try {
            return interleave(lookup.join(), inet.getPort());
        } catch (CompletionException e) {
            Throwable cause = e.getCause();
            throw error(target, cause == null ? e : cause);
        }
    }

    /** RFC 8305, 4: the families take turns, beginning with that of the first address. */
    private static List<SocketAddress> interleave(List<InetAddress> found, int port) {
        List<InetAddress> same = new ArrayList<>();
        List<InetAddress> other = new ArrayList<>();
        boolean six = found.getFirst() instanceof Inet6Address;
        for (InetAddress ip : found) {
            (ip instanceof Inet6Address == six ? same : other).add(ip);
        }
        List<SocketAddress> order = new ArrayList<>();
        for (int i = 0; i < Math.max(same.size(), other.size()); i++) {
            for (List<InetAddress> family : List.of(same, other)) {
                if (i < family.size()) {
                    order.add(new InetSocketAddress(family.get(i), port));
                }
            }
        }
        return order;
    }

    private Transport attempt(SocketAddress address) throws IOException {
        Transport transport = null;
        try {
            transport = provider.open(address);
            begin(transport);
            transport.connect(address); // parks
            if (!end(transport)) {
                throw new ClosedChannelException();
            }
            return transport;
        } catch (Throwable e) {
            if (transport != null) {
                end(transport);
                transport.close();
            }
            throw error(address, e);
        }
    }

    private void begin(Transport transport) throws ClosedChannelException {
        synchronized (attempts) {
            if (cancelled) {
                throw new ClosedChannelException();
            }
            attempts.add(transport);
        }
    }

    /** Whether the attempt is still wanted. */
    private boolean end(Transport transport) {
        synchronized (attempts) {
            attempts.remove(transport);
            return !cancelled;
        }
    }

    private record Outcome(
            @Nullable Transport transport, @Nullable IOException failure) {}

    private Transport race(List<SocketAddress> addresses) throws IOException {
        Queue<Outcome> outcomes = new ConcurrentLinkedQueue<>();
        List<IOException> failures = new ArrayList<>();
        int started = 0;
        long nextStart = System.nanoTime();
        while (failures.size() < addresses.size() && !isCancelled()) {
            if (started < addresses.size() && System.nanoTime() - nextStart >= 0) {
                start(addresses.get(started++), outcomes);
                nextStart = System.nanoTime() + HEAD_START_NANOS;
            }
            Outcome outcome = outcomes.poll();
            if (outcome == null) {
                park(started < addresses.size() ? nextStart - System.nanoTime() : Long.MAX_VALUE);
            } else if (outcome.transport != null) {
                cancel();
                closeOthers(started - failures.size() - 1, outcomes);
                return outcome.transport;
            } else if (outcome.failure != null) {
                failures.add(outcome.failure);
                nextStart = System.nanoTime();
            }
        }
        closeOthers(started - failures.size(), outcomes);
        throw combined(failures);
    }

    private void start(SocketAddress address, Queue<Outcome> outcomes) {
        Thread dialer = Thread.currentThread();
        Threads.start(Threads.CONNECTOR, () -> {
            Outcome outcome;
            try {
                outcome = new Outcome(attempt(address), null);
            } catch (IOException e) {
                outcome = new Outcome(null, e);
            }
            outcomes.add(outcome);
            LockSupport.unpark(dialer);
        });
    }

    /** The other attempts were cancelled and end at once; one of them may have connected just before. */
    private void closeOthers(int running, Queue<Outcome> outcomes) {
        for (int ended = 0; ended < running; ) {
            Outcome outcome = outcomes.poll();
            if (outcome == null) {
                park(Long.MAX_VALUE);
                continue;
            }
            ended++;
            if (outcome.transport != null) {
                outcome.transport.close();
            }
        }
    }

    private void park(long nanos) {
        if (nanos > 0) {
            LockSupport.parkNanos(this, nanos); // parks
        }
    }

    private IOException combined(List<IOException> failures) {
        if (failures.isEmpty()) {
            return error(target, new ClosedChannelException());
        }
        StringBuilder what = new StringBuilder();
        for (IOException failure : failures) {
            what.append(what.isEmpty() ? "" : "; ").append(failure.getMessage());
        }
        IOException first = failures.getFirst();
        NetException all = new NetException(
                first instanceof NetException told ? told.code() : NetException.Code.OTHER,
                Errors.message("connect", protocol(), null, target, "no address answers: " + what),
                first);
        failures.subList(1, failures.size()).forEach(all::addSuppressed);
        return all;
    }

    private NetException error(SocketAddress address, Throwable cause) {
        return Errors.of("connect", protocol(), null, address, cause);
    }
}
