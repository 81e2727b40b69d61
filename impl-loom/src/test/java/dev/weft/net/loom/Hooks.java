// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.Action;
import dev.weft.net.StreamOptions;
import dev.weft.net.spi.Transport;
import dev.weft.net.spi.TransportProvider;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;

/**
 * What tests of the connecting side need and the engine has no way in for: a dialer with a provider of the test's own and
 * with addresses that no name server gave. By reflection, here and nowhere else.
 */
final class Hooks {
    private Hooks() {}

    /** A dialer to an address of any kind that opens its transports with this provider. */
    static Dialer dialer(SocketAddress target, TransportProvider provider) {
        Dialer dialer = new Dialer(new InetSocketAddress(InetAddress.getLoopbackAddress(), 1));
        set(Dialer.class, dialer, "target", target);
        set(Dialer.class, dialer, "provider", provider);
        return dialer;
    }

    /** {@link Dialer#dial} after the name was looked up. */
    static Transport race(Dialer dialer, List<? extends SocketAddress> addresses) throws IOException {
        set(Dialer.class, dialer, "dialing", Thread.currentThread());
        return (Transport) call(Dialer.class, dialer, "race", List.class, addresses);
    }

    @SuppressWarnings("unchecked")
    static List<SocketAddress> interleave(List<InetAddress> found, int port) throws Exception {
        Method method = Dialer.class.getDeclaredMethod("interleave", List.class, int.class);
        method.setAccessible(true);
        return (List<SocketAddress>) method.invoke(null, found, port);
    }

    /** As {@link LoomStream#connect}, which makes its dialer itself. */
    static void connect(LoomStream stream, Dialer dialer, StreamOptions options) {
        Connection next = new Connection(stream, dialer, options.maxQueuedBytes());
        set(LoomStream.class, stream, "connection", next);
        stream.idleTimer().start();
        next.start(options.connectTimeout() == null ? Duration.ZERO : options.connectTimeout());
    }

    /** Has a server listen at an address of any kind with this provider. */
    static void listen(LoomServer server, SocketAddress address, TransportProvider provider) {
        Listening.Place place = new Listening.Place(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        set(Listening.Place.class, place, "address", address);
        set(Listening.Place.class, place, "provider", provider);
        try {
            Method method = LoomServer.class.getDeclaredMethod("listen", Listening.Place.class, Action.class);
            method.setAccessible(true);
            method.invoke(server, place, null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    static Connection connection(LoomStream stream) {
        return (Connection) get(LoomStream.class, stream, "connection");
    }

    /** From now on a reader parks at once in each read, where it might try first on a busy server. */
    static void tryNoReads(LoomStream stream) {
        set(Intake.class, get(Reader.class, connection(stream).reader(), "intake"), "discouraged", Integer.MAX_VALUE);
    }

    /** Whether the reader's thread is in its read, and parked there. */
    static boolean isParkedInRead(Reader reader) {
        return get(Reader.class, reader, "thread") instanceof Thread thread
                && (boolean) get(Reader.class, reader, "reading")
                && thread.getState() == Thread.State.WAITING;
    }

    /** Whether there is a writer thread, or was one in the last second. */
    static boolean hasWriter(LoomStream stream) {
        return get(WritePath.class, connection(stream).writes(), "writer") != null;
    }

    private static Object get(Class<?> type, Object target, String name) {
        try {
            Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field.get(target);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void set(Class<?> type, Object target, String name, Object value) {
        try {
            Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            field.set(target, value);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object call(Class<?> type, Object target, String name, Class<?> parameter, Object argument)
            throws IOException {
        try {
            Method method = type.getDeclaredMethod(name, parameter);
            method.setAccessible(true);
            return method.invoke(target, argument);
        } catch (InvocationTargetException e) {
            switch (e.getCause()) {
                case IOException cause -> throw cause;
                case RuntimeException cause -> throw cause;
                case null, default -> throw new IllegalStateException(e);
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
