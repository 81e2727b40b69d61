// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.NetException.Code;
import dev.weft.net.spi.Acceptor;
import dev.weft.net.spi.Transport;
import dev.weft.net.spi.TransportProvider;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.net.SocketAddress;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the API is without an engine: here, none is on the path. */
class FaceTest {
    private static final List<Event<?>> EVENTS = List.of(
            Event.CONNECT,
            Event.SECURE,
            Event.DATA,
            Event.TEXT,
            Event.END,
            Event.TIMEOUT,
            Event.DRAIN,
            Event.ERROR,
            Event.CLOSE,
            Event.READ);

    @Test
    void withoutAnEngineTheArtifactIsNamed() {
        for (Executable call : List.<Executable>of(
                Net::createServer,
                Net::createStream,
                () -> Net.createServer(stream -> {}),
                () -> Net.createConnection(80),
                () -> Net.createConnection(80, "localhost"),
                () -> Net.createConnection("/tmp/x.sock"))) {
            assertEquals(
                    "Net needs dev.weft:weft-loom on the class or module path",
                    assertThrows(UnsupportedOperationException.class, call).getMessage());
        }
    }

    @Test
    void withoutASecurityLayerTheArtifactIsNamed() {
        assertEquals(
                "TLS needs dev.weft:weft-tls on the class or module path",
                assertThrows(
                                UnsupportedOperationException.class,
                                () -> Credentials.builder().build())
                        .getMessage());
    }

    @Test
    void addressesAreToldApartWithoutAnEngine() {
        assertEquals(4, Net.isIP("127.0.0.1"));
        assertEquals(6, Net.isIP("::1"));
        assertEquals(0, Net.isIP(null));
        assertTrue(Net.isIPv4("1.2.3.4") && !Net.isIPv4("::1") && !Net.isIPv4(null));
        assertTrue(Net.isIPv6("::1") && !Net.isIPv6("1.2.3.4") && !Net.isIPv6(null));
    }

    @Test
    void eventsHaveNodesNamesAndPlacesOfTheirOwn() {
        assertEquals(
                List.of("connect", "secure", "data", "text", "end", "timeout", "drain", "error", "close", "read"),
                EVENTS.stream().map(Event::name).toList());
        assertEquals(Event.COUNT, EVENTS.size());
        assertEquals(
                List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
                EVENTS.stream().map(Event::index).toList());
        assertEquals("data", Event.DATA.toString());
    }

    @ParameterizedTest
    @CsvSource({"CLOSED, closed", "OPENING, opening", "OPEN, open", "READ_ONLY, readOnly", "WRITE_ONLY, writeOnly"})
    void readyStatesHaveNodesNames(ReadyState state, String name) {
        assertEquals(name, state.toString());
    }

    @Test
    void codesHaveDistinctPosixNames() {
        List<String> names = Arrays.stream(Code.values()).map(Code::posixName).toList();
        assertEquals(names.size(), names.stream().distinct().count());
        assertTrue(names.stream().allMatch(name -> name.matches("E[A-Z]+")), names::toString);
    }

    @Test
    void exceptionKeepsCodeMessageAndCauseAlsoWhenSerialized() throws Exception {
        IOException cause = new IOException("cause");
        NetException error = new NetException(Code.BROKEN_PIPE, "write tcp a->b: broken pipe", cause);
        assertSame(cause, error.getCause());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(error);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            NetException copy = (NetException) in.readObject();
            assertEquals(Code.BROKEN_PIPE, copy.code());
            assertEquals("write tcp a->b: broken pipe", copy.getMessage());
            assertEquals("cause", copy.getCause().getMessage());
        }
    }

    @Test
    void credentialsAreBuiltFromWhatIsThere() {
        Credentials.Builder builder = Credentials.builder();
        assertSame(builder, builder.key("key").cert("cert").ca("ca"));
        assertThrows(NullPointerException.class, () -> builder.key((String) null));
        assertThrows(NullPointerException.class, () -> builder.cert((String) null));
        assertThrows(NullPointerException.class, () -> builder.ca((String) null));
        Path missing = Path.of("no", "such", "file.pem");
        assertThrows(NoSuchFileException.class, () -> builder.key(missing));
        assertThrows(NoSuchFileException.class, () -> builder.cert(missing));
        assertThrows(NoSuchFileException.class, () -> builder.ca(missing));
    }

    @Test
    void materialKeepsItsOwnListOfRoots() {
        List<String> roots = new ArrayList<>(List.of("one"));
        Credentials.Material material = new Credentials.Material(
                "key",
                "passphrase",
                null,
                roots,
                null,
                null,
                null,
                Map.of(),
                null,
                List.of(),
                List.of(),
                List.of(),
                false,
                false,
                false,
                Duration.ZERO);
        roots.add("two");
        assertEquals(List.of("one"), material.ca());
        assertThrows(UnsupportedOperationException.class, () -> material.ca().add("three"));
        assertEquals("Material", material.toString(), "no secrets in a log");
    }

    @Test
    void providerThatAdoptsNothingSaysSoWithTheDescriptor() {
        TransportProvider provider = new TransportProvider() {
            @Override
            public String protocol() {
                return "fake";
            }

            @Override
            public boolean supports(SocketAddress address) {
                return false;
            }

            @Override
            public Transport open(SocketAddress remote) throws IOException {
                throw new IOException("not here");
            }

            @Override
            public Acceptor listen(SocketAddress local, ServerOptions options) throws IOException {
                throw new IOException("not here");
            }
        };
        assertEquals(false, provider.adopts());
        assertEquals(
                "this transport adopts no descriptors: 3",
                assertThrows(UnsupportedOperationException.class, () -> provider.adopt(3, ServerOptions.defaults()))
                        .getMessage());
    }

    /** A lambda fits every listener, also one that throws. */
    @Test
    void listenersMayThrowCheckedExceptions() {
        Action action = () -> {
            throw new IOException("action");
        };
        Listener<String> listener = text -> {
            throw new IOException(text);
        };
        CloseListener closeListener = hadError -> {
            throw new IOException("close " + hadError);
        };
        List<String> messages = Stream.<Executable>of(
                        action::run, () -> listener.handle("listener"), () -> closeListener.closed(true))
                .map(call -> assertThrows(IOException.class, call).getMessage())
                .toList();
        assertEquals(List.of("action", "listener", "close true"), messages);
    }
}
