// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.NetException;
import dev.weft.net.NetException.Code;
import dev.weft.net.ReadyState;
import dev.weft.net.Server;
import dev.weft.net.ServerOptions;
import dev.weft.net.Stream;
import dev.weft.net.StreamOptions;
import dev.weft.net.spi.NetProvider;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A transport that has nothing to do with sockets, found by META-INF/services, through the public API alone: all that the
 * engine knows of it is the SPI.
 */
@ExtendWith(LeakCheck.class)
class SpiTest {
    private static final NetProvider ENGINE = ClassPathEngine.create();

    private final List<Server> servers = new ArrayList<>();
    private final List<Stream> streams = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (Server server : servers) {
            server.close();
        }
        streams.forEach(Stream::destroy);
        for (Stream stream : streams) {
            Await.value("a stream is closed", stream.closed());
        }
        for (Server server : servers) {
            Await.value("a server is closed", server.closed());
        }
    }

    private Server listen(String path) throws Exception {
        return listen(path, ServerOptions.defaults());
    }

    private Server listen(String path, ServerOptions options) throws Exception {
        Server server = ENGINE.createServer(options);
        server.onConnection(streams::add);
        server.listen(path);
        assertEquals(UnixDomainSocketAddress.of(path), Await.value("it listens", server.bound()));
        servers.add(server);
        return server;
    }

    private Stream stream() {
        return stream(StreamOptions.defaults());
    }

    private Stream stream(StreamOptions options) {
        Stream stream = ENGINE.createStream(options);
        streams.add(stream);
        return stream;
    }

    @Test
    void engineIsNotTheOneInItsModule() {
        assertNotSame(LoomNet.class, ENGINE.getClass());
        assertFalse(ENGINE.getClass().getModule().isNamed());
    }

    @Test
    void serverAndClientMeet() throws Exception {
        Server server = listen("/pipe/meet");
        server.onConnection(stream -> {
            stream.onData(stream::write);
            stream.onEnd(() -> stream.write("goodbye"));
        });
        Stream client = stream();
        Journal journal = Journal.of(client);
        client.connect("/pipe/meet");
        client.write("hello ");
        journal.awaitText("hello ");
        assertEquals(1, server.connections());
        client.end();
        journal.awaitClosedBy("data", "end", "close(false)");
        assertEquals("hello goodbye", journal.text());
        Await.until("the server's stream is closed", () -> server.connections() == 0);
    }

    @Test
    void whatIsNoInternetAddressHasNeitherHostNorPort() throws Exception {
        listen("/pipe/addresses");
        Stream client = stream().connect("/pipe/addresses");
        Await.value("it is connected", client.connected());
        assertNull(client.remoteAddress());
        assertNull(client.localAddress());
        assertEquals(0, client.remotePort());
        assertTrue(client.toString().startsWith("Stream[open pipe pipe:client-"), client::toString);
        assertTrue(client.toString().endsWith("->/pipe/addresses]"), client::toString);
    }

    @Test
    void nobodyThereIsConnectionRefused() {
        Stream client = stream();
        Journal journal = Journal.of(client);
        client.connect("/pipe/nobody");
        journal.awaitClosed("error", "close(true)");
        NetException error = assertInstanceOf(NetException.class, journal.error());
        assertEquals(Code.CONNECTION_REFUSED, error.code());
        assertTrue(error.getMessage().endsWith(" /pipe/nobody: Connection refused"), error::getMessage);
    }

    @Test
    void addressInUseIsTold() throws Exception {
        listen("/pipe/used");
        Server second = ENGINE.createServer(ServerOptions.defaults());
        second.onError(error -> {});
        second.listen("/pipe/used");
        NetException error = assertThrows(NetException.class, () -> Await.value("it fails to listen", second.bound()));
        assertEquals(Code.ADDRESS_IN_USE, error.code());
    }

    @Test
    void pathThatTheProviderDoesNotSupportNamesTheArtifact() {
        Stream client = ENGINE.createStream(StreamOptions.defaults());
        UnsupportedOperationException error =
                assertThrows(UnsupportedOperationException.class, () -> client.connect("/tmp/elsewhere.sock"));
        assertTrue(error.getMessage().contains("dev.weft:weft-unix"), error::getMessage);
    }

    @Test
    void providerThatAdoptsNoDescriptorsIsNotAskedTo() {
        Server server = ENGINE.createServer(ServerOptions.defaults());
        assertThrows(UnsupportedOperationException.class, () -> server.listenFD(3));
    }

    @Test
    void fullPipeMakesWriteFalseAndDrainFollows() throws Exception {
        Server server = listen("/pipe/full");
        CompletableFuture<Stream> accepted = new CompletableFuture<>();
        server.onConnection(stream -> {
            stream.pause();
            accepted.complete(stream);
        });
        Stream client = stream();
        Journal journal = Journal.of(client);
        CompletableFuture<List<Boolean>> written = new CompletableFuture<>();
        byte[] half = new byte[PipeNetwork.CAPACITY / 2];
        client.onConnect(() -> written.complete(List.of(client.write(half), client.write(half), client.write(half))));
        client.connect("/pipe/full");
        assertEquals(List.of(true, true, false), Await.value("connect is told", written));
        assertEquals(half.length, client.bufferedBytes());
        Stream other = Await.value("it is accepted", accepted);
        Journal atServer = Journal.of(other);
        other.resume();
        journal.awaitEvent("drain");
        Await.until("all is there", () -> atServer.size() == 3 * half.length);
    }

    @Test
    void serverClosesAfterItsConnections() throws Exception {
        Server server = listen("/pipe/close");
        Stream client = stream().connect("/pipe/close");
        Await.value("it is connected", client.connected());
        Await.until("it is accepted", () -> server.connections() == 1);
        server.close();
        assertFalse(server.closed().isDone());
        Stream late = stream();
        Journal journal = Journal.of(late);
        late.connect("/pipe/close");
        journal.awaitClosed("error", "close(true)");
        client.end();
        Await.value("the server is closed", server.closed());
    }

    @Test
    void clientBeyondTheMaximumIsRefusedWithAnEnd() throws Exception {
        Server server = listen("/pipe/max").setMaxConnections(0);
        CompletableFuture<Object> dropped = new CompletableFuture<>();
        server.onDrop(dropped::complete);
        Stream client = stream();
        Journal journal = Journal.of(client);
        client.connect("/pipe/max");
        journal.awaitClosed("connect", "end", "close(false)");
        Await.value("drop is told", dropped);
    }

    @Test
    void whatTheTransportCanDoBesidesIsToBeHadFromTheStream() throws Exception {
        listen("/pipe/feature");
        Stream client = stream();
        assertEquals(Optional.empty(), client.feature(CharSequence.class));
        client.connect("/pipe/feature");
        Await.value("it is connected", client.connected());
        assertEquals(Optional.of("a pipe"), client.feature(CharSequence.class));
        assertEquals(Optional.empty(), client.feature(Runnable.class));
        client.destroy();
        Await.value("it is closed", client.closed());
        assertEquals(Optional.of("a pipe"), client.feature(CharSequence.class));
    }

    @Test
    void blockingFaceWorks() throws Exception {
        Server server = listen("/pipe/blocking");
        server.onConnection(stream -> {
            InputStream in = stream.inputStream();
            OutputStream out = stream.outputStream();
            in.transferTo(out);
            out.close();
        });
        Stream client = stream().connect("/pipe/blocking");
        Await.value("it is connected", client.connected());
        InputStream in = client.inputStream();
        OutputStream out = client.outputStream();
        byte[] sent = new byte[3 * PipeNetwork.CAPACITY];
        java.util.Arrays.fill(sent, (byte) 7);
        CompletableFuture<byte[]> got = Await.start(in::readAllBytes);
        Await.value("all is written", Await.start(() -> {
            out.write(sent);
            out.close();
            return null;
        }));
        assertArrayEquals(sent, Await.value("all is read", got));
    }

    @Test
    void socketOptionsWithoutEffectAreNoError() throws Exception {
        listen("/pipe/options");
        Stream client = stream();
        Journal journal = Journal.of(client);
        client.setNoDelay().setKeepAlive(true, 1000).connect("/pipe/options");
        journal.awaitEvent("connect");
        client.setNoDelay(false);
        assertEquals(ReadyState.OPEN, client.readyState());
    }

    @Test
    void connectionOfTheProvidersOwnKindOfAddress() {
        PipeAddress address = new PipeAddress("own");
        PipeTransport[] ends = PipeTransport.pair(10);
        LoomStream server = new LoomStream(StreamOptions.defaults());
        server.onData(server::write);
        server.accepted(ends[1]);
        LoomStream client = new LoomStream(StreamOptions.defaults());
        Journal journal = Journal.of(client);
        Hooks.connect(client, Hooks.dialer(address, new FakeProvider().at(address, ends[0])), StreamOptions.defaults());
        client.write("more than the pipe can hold");
        journal.awaitText("more than the pipe can hold");
        client.end();
        Await.until(
                "close is told",
                () -> client.closed().isDone() && server.closed().isDone());
        assertFalse(journal.events().contains("error"));
    }
}
