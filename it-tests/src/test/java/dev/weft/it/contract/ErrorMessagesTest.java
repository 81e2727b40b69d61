// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weft.it.support.Await;
import dev.weft.it.support.ContractTest;
import dev.weft.it.support.Events;
import dev.weft.it.support.Wire.Accepted;
import dev.weft.it.support.Wire.Connected;
import dev.weft.net.Encoding;
import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What exceptions say: operation, transport, addresses, what was wrong; or the rule and the value. */
class ErrorMessagesTest extends ContractTest {
    private static NetException netException(Events events) {
        return assertInstanceOf(NetException.class, events.awaitClose().error());
    }

    private static void assertMessage(Throwable thrown, String start, String... parts) {
        String message = thrown.getMessage();
        assertNotNull(message);
        assertTrue(message.startsWith(start), () -> "'" + message + "' does not start with '" + start + "'");
        for (String part : parts) {
            assertTrue(message.contains(part), () -> "'" + message + "' does not say '" + part + "'");
        }
        assertFalse(message.contains("null"), message);
    }

    private static int port(SocketAddress address) {
        return ((InetSocketAddress) address).getPort();
    }

    @Test
    void refusedConnectNamesTheAddress() throws IOException {
        assumeTrue(wire.hasPorts());
        SocketAddress nowhere = wire.nowhere();
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        wire.connect(stream, nowhere);
        NetException error = netException(events);
        assertEquals(Code.CONNECTION_REFUSED, error.code());
        assertMessage(error, "connect " + wire.protocol() + " " + wire.text(port(nowhere)) + ": ", "refused");
        assertNotNull(error.getCause(), "what the JDK has thrown");
    }

    @Test
    void unknownHostNamesIt() {
        Stream stream = wire.stream();
        Events events = Events.of(scope, stream);
        stream.connect(8124, "no-such-host.invalid");
        NetException error = netException(events);
        assertEquals(Code.HOST_NOT_FOUND, error.code());
        assertMessage(error, "connect tcp no-such-host.invalid:8124: ");
    }

    @Test
    void connectTimeoutNamesTheAddressAndTheTime() throws IOException {
        assumeTrue(wire.hasPorts());
        SocketAddress blackHole = wire.blackHole();
        Stream stream = wire.stream(options -> options.connectTimeout(Duration.ofMillis(40)));
        Events events = Events.of(scope, stream);
        wire.connect(stream, blackHole);
        NetException error = netException(events);
        assertEquals(Code.TIMED_OUT, error.code());
        assertMessage(
                error,
                "connect " + wire.protocol() + " " + wire.text(port(blackHole)) + ": ",
                "connectTimeout",
                "40 ms");
    }

    @Test
    void addressInUseNamesIt() {
        assumeTrue(wire.hasPorts());
        Server first = wire.listening(stream -> {});
        SocketAddress address = Objects.requireNonNull(first.address());
        Server second = wire.server();
        CompletableFuture<Throwable> told = new CompletableFuture<>();
        second.onError(told::complete);
        wire.startListening(second, address);
        NetException error = assertInstanceOf(NetException.class, Await.value("error", told));
        assertEquals(Code.ADDRESS_IN_USE, error.code());
        assertMessage(error, "listen " + wire.protocol() + " " + wire.text(port(address)) + ": ", "in use");
    }

    @Test
    void unknownHostToListenOnNamesIt() {
        Server server = wire.server();
        CompletableFuture<Throwable> told = new CompletableFuture<>();
        server.onError(told::complete);
        server.listen(8124, "no-such-host.invalid");
        NetException error = assertInstanceOf(NetException.class, Await.value("error", told));
        assertEquals(Code.HOST_NOT_FOUND, error.code());
        assertMessage(error, "listen tcp no-such-host.invalid:8124: ");
    }

    @Test
    void peersResetNamesBothAddresses() throws IOException {
        assumeTrue(wire.hasReset() && wire.hasPorts());
        Accepted accepted = wire.accepted();
        int peer = accepted.peer().localPort();
        int ours = accepted.peer().remotePort();
        accepted.peer().reset();
        NetException error = netException(accepted.events());
        assertEquals(Code.CONNECTION_RESET, error.code());
        assertMessage(
                error, "read " + wire.protocol() + " " + wire.text(ours) + "->" + wire.text(peer) + ": ", "reset");
        assertNotNull(error.getCause(), "what the JDK has thrown");
    }

    @Test
    void fullQueueNamesBothAddressesTheBoundAndTheBytes() throws IOException {
        assumeTrue(wire.hasPorts());
        Connected connected = wire.connected(options -> options.maxQueuedBytes(1234), 16 << 10);
        int peer = connected.peer().remotePort();
        assertFalse(connected.stream().write(new byte[6 << 20]));
        assertFalse(connected.stream().write(new byte[77]));
        NetException error = netException(connected.events());
        assertEquals(Code.QUEUE_FULL, error.code());
        assertMessage(
                error,
                "write " + wire.protocol() + " " + wire.text(connected.stream().localPort()) + "->",
                "maxQueuedBytes",
                "1234",
                "77");
        assertTrue(connected.peer().localPort() != 0 && peer != 0);
    }

    @Test
    void writeToAPeerThatHasClosedNamesBothAddresses() throws IOException {
        assumeTrue(wire.hasPorts());
        Accepted accepted = wire.accepted(options -> options.allowHalfOpen(true), 0);
        int peer = accepted.peer().localPort();
        int ours = accepted.peer().remotePort();
        accepted.peer().close();
        accepted.events().await("end");
        Await.until("a write fails", () -> {
            accepted.stream().write("x");
            return accepted.events().count("error") > 0;
        });
        NetException error = netException(accepted.events());
        // over TLS the peer has said that it will not read, maybe
        boolean told = wire.isSecured() && error.code() == Code.NOT_SECURE;
        assertTrue(told || error.code() == Code.BROKEN_PIPE || error.code() == Code.CONNECTION_RESET, error::toString);
        assertTrue(error.getMessage().contains(wire.text(ours) + "->" + wire.text(peer) + ": "), error::getMessage);
    }

    @Test
    void connectedOfADestroyedStreamNamesTheAddress() throws IOException {
        assumeTrue(wire.hasPorts());
        SocketAddress blackHole = wire.blackHole();
        Stream stream = wire.connect(wire.stream(), blackHole);
        CompletableFuture<Stream> connected = stream.connected();
        stream.destroy();
        assertMessage(
                Await.failure("connected", connected),
                "connect " + wire.protocol() + " " + wire.text(port(blackHole)) + ": ",
                "closed");
    }

    @Test
    void readAfterDestroyNamesBothAddresses() throws IOException {
        assumeTrue(wire.hasPorts());
        Connected connected = wire.connected();
        connected.stream().inputStream();
        connected.stream().destroy();
        connected.events().awaitClose();
        IOException failure = assertThrows(
                IOException.class, () -> connected.stream().inputStream().read());
        assertMessage(
                failure,
                "read " + wire.protocol() + " " + wire.text(connected.stream().localPort()) + "->"
                        + wire.text(connected.stream().remotePort()) + ": ",
                "closed");
    }

    @Test
    void codesHaveTheirPosixNames() {
        assertEquals(
                List.of(
                        "EADDRINUSE",
                        "EADDRNOTAVAIL",
                        "EACCES",
                        "ECONNREFUSED",
                        "ECONNRESET",
                        "EPIPE",
                        "ETIMEDOUT",
                        "EHOSTUNREACH",
                        "ENOTFOUND",
                        "EMFILE",
                        "ENOBUFS",
                        "EIO"),
                List.of(
                                Code.ADDRESS_IN_USE,
                                Code.ADDRESS_NOT_AVAILABLE,
                                Code.PERMISSION_DENIED,
                                Code.CONNECTION_REFUSED,
                                Code.CONNECTION_RESET,
                                Code.BROKEN_PIPE,
                                Code.TIMED_OUT,
                                Code.UNREACHABLE,
                                Code.HOST_NOT_FOUND,
                                Code.TOO_MANY_OPEN_FILES,
                                Code.QUEUE_FULL,
                                Code.OTHER)
                        .stream()
                        .map(Code::posixName)
                        .toList());
    }

    // -- Rule and value. --

    @Test
    void argumentsOutOfRangeNameRuleAndValue() {
        Stream stream = wire.stream();
        assertMessage(refused(() -> stream.connect(65_536)), "port", "0 to 65535", "65536");
        assertMessage(refused(() -> stream.connect(-3, "localhost")), "port", "0 to 65535", "-3");
        assertMessage(refused(() -> stream.connect(80, "")), "host", "empty");
        assertMessage(refused(() -> stream.setTimeout(-7)), "timeout", "< 0", "-7");
        assertMessage(refused(() -> stream.setTimeout(Duration.ofSeconds(-7))), "timeout", "< 0", "PT-7S");
        assertMessage(refused(() -> stream.setKeepAlive(true, -7)), "initialDelay", "0 to", "-7");
        assertMessage(refused(() -> StreamOptions.defaults().maxQueuedBytes(-7)), "maxQueuedBytes", "< 0", "-7");
        assertMessage(
                refused(() -> StreamOptions.defaults().connectTimeout(Duration.ofSeconds(-7))),
                "connectTimeout",
                "< 0",
                "PT-7S");
        assertMessage(refused(() -> ServerOptions.defaults().backlog(0)), "backlog", "< 1", "0");
        assertMessage(refused(() -> wire.server().setMaxConnections(-7)), "maxConnections", "< -1", "-7");
        assertMessage(refused(() -> wire.server().listen(70_000)), "port", "0 to 65535", "70000");
    }

    private static IllegalArgumentException refused(Runnable call) {
        return assertThrows(IllegalArgumentException.class, call::run);
    }

    @Test
    void callsAtTheWrongTimeSayWhatToDo() throws IOException {
        Stream fresh = wire.stream();
        assertMessage(
                assertThrows(IllegalStateException.class, () -> fresh.write("x")),
                "write: ",
                "never connected",
                "connect");
        assertMessage(
                assertThrows(IllegalStateException.class, () -> fresh.onText(text -> {})), "onText", "setEncoding");
        Connected connected = wire.connected();
        assertMessage(
                assertThrows(
                        IllegalStateException.class, () -> connected.stream().connect(1)),
                "connect: ",
                "open");
        connected.stream().end();
        assertMessage(
                assertThrows(
                        IllegalStateException.class, () -> connected.stream().write("x")),
                "write: ",
                "end()");
    }

    @Test
    void badTextNamesTheRule() throws IOException {
        Connected connected = wire.connected();
        IllegalArgumentException hex = assertThrows(
                IllegalArgumentException.class, () -> connected.stream().write("0g", Encoding.HEX));
        assertTrue(hex.getMessage().contains("g"), hex::getMessage);
        IllegalArgumentException base64 = assertThrows(
                IllegalArgumentException.class, () -> connected.stream().write("a*b=", Encoding.BASE64));
        assertTrue(base64.getMessage().contains("*"), base64::getMessage);
    }
}
