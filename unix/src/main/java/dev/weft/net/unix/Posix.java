// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.unix;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The few calls on descriptors that neither the JDK nor junixsocket offers, through {@code java.lang.foreign}. On Java 21 that
 * package is a preview, whose use in a class file would tie it to that one version; called by reflection it is the same from
 * 21 on.
 *
 * <p>Linux alone: the numbers of options, and the layout of addresses, are its own.
 */
/*
 * None of these calls waits, so one lock and one piece of memory for the arguments do for all.
 */
final class Posix {
    static final int AF_UNIX = 1;
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;

    static final int SOL_SOCKET = 1;
    static final int SO_TYPE = 3;
    static final int SO_RCVBUF = 8;
    static final int SO_PEERCRED = 17;
    static final int SO_ACCEPTCONN = 30;
    static final int SO_DOMAIN = 39;

    static final int SOCK_STREAM = 1;

    static final int EINTR = 4;
    static final int EBADF = 9;
    static final int EAGAIN = 11;
    static final int ENOTSOCK = 88;
    static final int ECONNRESET = 104;

    /** As large as {@code sockaddr_storage}. */
    private static final int SCRATCH = 128;

    private static final @Nullable Calls CALLS;
    private static final @Nullable Throwable WHY_NOT;

    static {
        Calls calls = null;
        Throwable whyNot = null;
        try {
            calls = Calls.link();
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            whyNot = e instanceof InvocationTargetException && e.getCause() != null ? e.getCause() : e;
        }
        CALLS = calls;
        WHY_NOT = whyNot;
    }

    private Posix() {}

    /** A call has failed. */
    static final class Failure extends IOException {
        private static final long serialVersionUID = 1;

        private final int errno;

        Failure(String call, int fd, int errno) {
            super(call + " on descriptor " + fd + " failed with errno " + errno);
            this.errno = errno;
        }

        int errno() {
            return errno;
        }
    }

    /**
     * Throws where these calls cannot be had.
     *
     * @throws IOException with the reason
     */
    static void require(String what) throws IOException {
        if (CALLS == null) {
            throw new IOException(
                    what + " needs native calls, which are to be had on Linux, from Java 21 on, and unless"
                            + " --illegal-native-access=deny is given without --enable-native-access: " + WHY_NOT,
                    WHY_NOT);
        }
    }

    private static Calls calls() {
        if (CALLS == null) {
            throw new IllegalStateException("require was not called", WHY_NOT);
        }
        return CALLS;
    }

    /** An option that is an {@code int}. */
    static int option(int fd, int level, int name) throws Failure {
        return options(fd, level, name, 1)[0];
    }

    /** An option that consists of {@code int}s. */
    static int[] options(int fd, int level, int name, int count) throws Failure {
        Calls calls = calls();
        synchronized (calls) {
            calls.length.putInt(0, count * Integer.BYTES);
            calls.check("getsockopt", fd, calls.getsockopt(fd, level, name));
            int[] values = new int[count];
            calls.scratch.asIntBuffer().get(0, values);
            return values;
        }
    }

    /** Whether a descriptor is a socket of which an {@code int} option has that value; false too if it is not open. */
    static boolean hasOption(int fd, int level, int name, int value) {
        Calls calls = calls();
        synchronized (calls) {
            calls.length.putInt(0, Integer.BYTES);
            return calls.getsockopt(fd, level, name) == 0 && calls.scratch.getInt(0) == value;
        }
    }

    /** The {@code sockaddr} to which a socket is bound, in the machine's byte order. */
    static ByteBuffer address(int fd) throws Failure {
        Calls calls = calls();
        synchronized (calls) {
            calls.length.putInt(0, SCRATCH);
            calls.check("getsockname", fd, calls.getsockname(fd));
            byte[] bytes = new byte[Math.min(SCRATCH, calls.length.getInt(0))];
            calls.scratch.get(0, bytes);
            return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        }
    }

    /** Has {@code to}, which is open, stand for what {@code from} stands for. */
    static void dup2(int from, int to) throws Failure {
        Calls calls = calls();
        synchronized (calls) {
            calls.check("dup2", from, calls.dup2(from, to));
        }
    }

    /** Where a direct buffer's position is in memory; good as long as the buffer is reachable. */
    static long addressOf(ByteBuffer direct) {
        return calls().addressOf(direct);
    }

    /**
     * Receives into what a {@code msghdr} points to. Must not wait: with {@code MSG_DONTWAIT}, or of a descriptor in
     * non-blocking mode.
     *
     * @return how many bytes, or else the number of the error, negative
     */
    static long recvmsg(int fd, long message, int flags) {
        Calls calls = calls();
        synchronized (calls) {
            long received = calls.recvmsg(fd, message, flags);
            return received < 0 ? -calls.errno.getInt(0) : received;
        }
    }

    static void close(int fd) throws Failure {
        Calls calls = calls();
        synchronized (calls) {
            calls.check("close", fd, calls.close(fd));
        }
    }

    /** One more than the highest number that a descriptor can have. */
    static int descriptorLimit() {
        Calls calls = calls();
        synchronized (calls) {
            return calls.getdtablesize();
        }
    }

    /** The linked functions. Each takes the place for errno first. */
    private static final class Calls {
        /** Passed on as it is. */
        private final Object errnoSegment;

        private final ByteBuffer errno;
        private final ByteBuffer scratch;
        private final ByteBuffer length;
        private final long scratchAddress;
        private final long lengthAddress;

        private final MethodHandle getsockopt;
        private final MethodHandle getsockname;
        private final MethodHandle dup2;
        private final MethodHandle close;
        private final MethodHandle recvmsg;
        private final MethodHandle getdtablesize;

        private final MethodHandle addressOf;

        private Calls(Linker linker) throws ReflectiveOperationException {
            errno = direct(Integer.BYTES);
            scratch = direct(SCRATCH);
            length = direct(Integer.BYTES);
            errnoSegment = linker.segment(errno);
            scratchAddress = linker.address(scratch);
            lengthAddress = linker.address(length);
            getsockopt =
                    linker.function("getsockopt", int.class, int.class, int.class, int.class, long.class, long.class);
            getsockname = linker.function("getsockname", int.class, int.class, long.class, long.class);
            dup2 = linker.function("dup2", int.class, int.class, int.class);
            close = linker.function("close", int.class, int.class);
            recvmsg = linker.function("recvmsg", long.class, int.class, long.class, int.class);
            getdtablesize = linker.function("getdtablesize", int.class);
            addressOf = linker.addressOf();
        }

        static Calls link() throws ReflectiveOperationException {
            String os = System.getProperty("os.name");
            if (!os.equals("Linux")) {
                throw new UnsupportedOperationException("this is " + os);
            }
            return new Calls(new Linker());
        }

        private static ByteBuffer direct(int size) {
            return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
        }

        int getsockopt(int fd, int level, int name) {
            try {
                return (int) getsockopt.invokeExact(errnoSegment, fd, level, name, scratchAddress, lengthAddress);
            } catch (Throwable e) {
                throw failed(e);
            }
        }

        int getsockname(int fd) {
            try {
                return (int) getsockname.invokeExact(errnoSegment, fd, scratchAddress, lengthAddress);
            } catch (Throwable e) {
                throw failed(e);
            }
        }

        int dup2(int from, int to) {
            try {
                return (int) dup2.invokeExact(errnoSegment, from, to);
            } catch (Throwable e) {
                throw failed(e);
            }
        }

        int close(int fd) {
            try {
                return (int) close.invokeExact(errnoSegment, fd);
            } catch (Throwable e) {
                throw failed(e);
            }
        }

        long recvmsg(int fd, long message, int flags) {
            try {
                return (long) recvmsg.invokeExact(errnoSegment, fd, message, flags);
            } catch (Throwable e) {
                throw failed(e);
            }
        }

        long addressOf(ByteBuffer direct) {
            try {
                return (long) addressOf.invokeExact(direct);
            } catch (Throwable e) {
                throw failed(e);
            }
        }

        int getdtablesize() {
            try {
                return (int) getdtablesize.invokeExact(errnoSegment);
            } catch (Throwable e) {
                throw failed(e);
            }
        }

        void check(String call, int fd, int result) throws Failure {
            if (result < 0) {
                throw new Failure(call, fd, errno.getInt(0));
            }
        }

        private static IllegalStateException failed(Throwable e) {
            return new IllegalStateException("a native call has thrown", e);
        }
    }

    /** {@code java.lang.foreign}, by reflection. */
    private static final class Linker {
        private final Class<?> linkerType = type("Linker");
        private final Class<?> optionType = type("Linker$Option");
        private final Class<?> segmentType = type("MemorySegment");
        private final Class<?> layoutType = type("MemoryLayout");
        private final Class<?> descriptorType = type("FunctionDescriptor");
        private final Object linker;
        private final Object symbols;
        private final Object captureErrno;

        Linker() throws ReflectiveOperationException {
            linker = linkerType.getMethod("nativeLinker").invoke(null);
            symbols = linkerType.getMethod("defaultLookup").invoke(linker);
            captureErrno = optionType
                    .getMethod("captureCallState", String[].class)
                    .invoke(null, (Object) new String[] {"errno"});
        }

        private static Class<?> type(String name) throws ClassNotFoundException {
            return Class.forName("java.lang.foreign." + name);
        }

        Object segment(ByteBuffer direct) throws ReflectiveOperationException {
            return segmentType.getMethod("ofBuffer", java.nio.Buffer.class).invoke(null, direct);
        }

        long address(ByteBuffer direct) throws ReflectiveOperationException {
            return (long) segmentType.getMethod("address").invoke(segment(direct));
        }

        /** Of type {@code (ByteBuffer)long}. */
        MethodHandle addressOf() throws ReflectiveOperationException {
            MethodHandles.Lookup lookup = MethodHandles.publicLookup();
            MethodHandle segment = lookup.unreflect(segmentType.getMethod("ofBuffer", java.nio.Buffer.class));
            MethodHandle address = lookup.unreflect(segmentType.getMethod("address"));
            return MethodHandles.filterReturnValue(segment, address)
                    .asType(MethodType.methodType(long.class, ByteBuffer.class));
        }

        /** Of that type, with the segment for errno, as an {@code Object}, before the others. */
        MethodHandle function(String name, Class<?> result, Class<?>... arguments) throws ReflectiveOperationException {
            Object symbol = ((Optional<?>)
                            type("SymbolLookup").getMethod("find", String.class).invoke(symbols, name))
                    .orElseThrow(() -> new NoSuchElementException("no function " + name));
            Object layouts = Array.newInstance(layoutType, arguments.length);
            for (int i = 0; i < arguments.length; i++) {
                Array.set(layouts, i, layout(arguments[i]));
            }
            Object descriptor = descriptorType
                    .getMethod("of", layoutType, layouts.getClass())
                    .invoke(null, layout(result), layouts);
            Object options = Array.newInstance(optionType, 1);
            Array.set(options, 0, captureErrno);
            Method downcall = linkerType.getMethod("downcallHandle", segmentType, descriptorType, options.getClass());
            MethodHandle handle = (MethodHandle) downcall.invoke(linker, symbol, descriptor, options);
            return handle.asType(MethodType.methodType(result, Object.class).appendParameterTypes(List.of(arguments)));
        }

        /** Addresses are passed as {@code long}: a 64-bit pointer and a 64-bit number go the same way. */
        private static Object layout(Class<?> type) throws ReflectiveOperationException {
            return type("ValueLayout")
                    .getField(type == int.class ? "JAVA_INT" : "JAVA_LONG")
                    .get(null);
        }
    }
}
