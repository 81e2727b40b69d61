// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import java.io.EOFException;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ErrorsTest {
    private static final SocketAddress LOCAL = Names.address(5000, "127.0.0.1");
    private static final SocketAddress REMOTE = Names.address(80, "::1");

    /** The texts are those of Linux, macOS and Windows. */
    static Stream<Arguments> causes() {
        return Stream.of(
                arguments(new UnknownHostException("x.test"), Code.HOST_NOT_FOUND),
                arguments(new UnresolvedAddressException(), Code.HOST_NOT_FOUND),
                arguments(new NoRouteToHostException("No route to host"), Code.UNREACHABLE),
                arguments(new ConnectException("Connection refused"), Code.CONNECTION_REFUSED),
                arguments(new ConnectException("Connection refused: getsockopt"), Code.CONNECTION_REFUSED),
                arguments(new ConnectException("Connection timed out"), Code.TIMED_OUT),
                arguments(new ConnectException("Connection timed out: getsockopt"), Code.TIMED_OUT),
                arguments(new ConnectException("Operation timed out"), Code.TIMED_OUT),
                arguments(new ConnectException("Network is unreachable"), Code.UNREACHABLE),
                arguments(new SocketException("Network is unreachable: getsockopt"), Code.UNREACHABLE),
                arguments(new SocketException("Host is unreachable"), Code.UNREACHABLE),
                arguments(new PortUnreachableException("ICMP Port Unreachable"), Code.UNREACHABLE),
                arguments(new BindException("Address already in use"), Code.ADDRESS_IN_USE),
                arguments(new BindException("Address already in use: bind"), Code.ADDRESS_IN_USE),
                arguments(new BindException("Cannot assign requested address"), Code.ADDRESS_NOT_AVAILABLE),
                arguments(new BindException("Can't assign requested address"), Code.ADDRESS_NOT_AVAILABLE),
                arguments(new SocketException("Permission denied"), Code.PERMISSION_DENIED),
                arguments(new SocketException("Operation not permitted"), Code.PERMISSION_DENIED),
                arguments(new SocketException("Permission denied: bind"), Code.PERMISSION_DENIED),
                arguments(new SocketException("Too many open files"), Code.TOO_MANY_OPEN_FILES),
                arguments(new IOException("Too many open files in system"), Code.TOO_MANY_OPEN_FILES),
                arguments(new SocketException("Connection reset"), Code.CONNECTION_RESET),
                arguments(new IOException("Connection reset by peer"), Code.CONNECTION_RESET),
                arguments(new IOException("Broken pipe"), Code.BROKEN_PIPE),
                arguments(new SocketException("Something else"), Code.OTHER),
                arguments(new ClosedChannelException(), Code.OTHER),
                arguments(new EOFException(), Code.OTHER),
                arguments(new IllegalStateException("odd"), Code.OTHER));
    }

    @ParameterizedTest
    @MethodSource("causes")
    void codeTellsWhatWentWrong(Throwable cause, Code expected) {
        NetException error = Errors.of("connect", "tcp", null, REMOTE, cause);
        assertEquals(expected, error.code());
        assertSame(cause, error.getCause());
    }

    /** The system's own texts, as this JDK gives them. */
    @Test
    void realFailuresHaveTheirCodes() throws Exception {
        InetSocketAddress used;
        try (ServerSocketChannel first =
                ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            used = (InetSocketAddress) first.getLocalAddress();
            try (ServerSocketChannel second = ServerSocketChannel.open()) {
                assertEquals(Code.ADDRESS_IN_USE, codeOf(assertThrows(IOException.class, () -> second.bind(used))));
            }
        }
        try (SocketChannel channel = SocketChannel.open()) {
            assertEquals(Code.CONNECTION_REFUSED, codeOf(assertThrows(IOException.class, () -> channel.connect(used))));
        }
        try (ServerSocketChannel channel = ServerSocketChannel.open()) {
            InetSocketAddress foreign = Names.address(0, "192.0.2.1");
            assertEquals(
                    Code.ADDRESS_NOT_AVAILABLE, codeOf(assertThrows(IOException.class, () -> channel.bind(foreign))));
        }
    }

    private static Code codeOf(IOException cause) {
        return Errors.of("test", "tcp", null, null, cause).code();
    }

    @Test
    void messageNamesOperationTransportAndBothAddresses() {
        assertEquals(
                "write tcp 127.0.0.1:5000->[::1]:80: Broken pipe",
                Errors.of("write", "tcp", LOCAL, REMOTE, new IOException("Broken pipe"))
                        .getMessage());
    }

    @Test
    void messageLeavesOutWhatIsNotKnown() {
        assertEquals("connect tcp [::1]:80: what", Errors.message("connect", "tcp", null, REMOTE, "what"));
        assertEquals("listen tcp 127.0.0.1:5000: what", Errors.message("listen", "tcp", LOCAL, null, "what"));
        assertEquals("listen fd 3: what", Errors.message("listen", "fd 3", null, null, "what"));
    }

    @Test
    void messageHasAnyKindOfAddress() {
        assertEquals(
                "connect unix /tmp/x.sock: what",
                Errors.message("connect", "unix", null, UnixDomainSocketAddress.of("/tmp/x.sock"), "what"));
        assertEquals(
                "connect tcp x.test:80: no address for this name",
                Errors.of(
                                "connect",
                                "tcp",
                                null,
                                InetSocketAddress.createUnresolved("x.test", 80),
                                new UnknownHostException("x.test: Name or service not known"))
                        .getMessage());
    }

    @Test
    void interruptIsCalledSo() {
        assertEquals(
                "read tcp: the thread was interrupted, for which the JDK closes the channel",
                Errors.of("read", "tcp", null, null, new ClosedByInterruptException())
                        .getMessage());
    }

    @Test
    void ourOwnCloseIsCalledSo() {
        assertEquals(
                "read tcp: the stream was closed",
                Errors.of("read", "tcp", null, null, new AsynchronousCloseException())
                        .getMessage());
    }

    @Test
    void causeWithoutAMessageIsNamedByItsClass() {
        assertEquals(
                "read tcp: java.io.EOFException",
                Errors.of("read", "tcp", null, null, new EOFException()).getMessage());
    }

    /** In Turkish, an upper-case I would become a dotless i. */
    @Test
    void codeDoesNotDependOnTheLocale() {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.of("tr", "TR"));
        try {
            assertEquals(Code.BROKEN_PIPE, codeOf(new IOException("BROKEN PIPE")));
            assertEquals(Code.TIMED_OUT, codeOf(new IOException("CONNECTION TIMED OUT")));
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void everyCodeHasItsPosixName() {
        for (Code code : Code.values()) {
            assertNotNull(code.posixName());
            assertEquals(code.posixName().toUpperCase(Locale.ROOT), code.posixName());
            assertEquals('E', code.posixName().charAt(0));
        }
    }
}
