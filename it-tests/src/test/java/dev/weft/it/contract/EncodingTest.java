// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.contract;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.weft.it.support.ContractTest;
import dev.weft.it.support.Events;
import dev.weft.it.support.OnOneChannel;
import dev.weft.it.support.Payload;
import dev.weft.it.support.Peer;
import dev.weft.it.support.PeerListener;
import dev.weft.it.support.Wire.Connected;
import dev.weft.it.support.Wire.Pair;
import dev.weft.net.Encoding;
import dev.weft.net.Server;
import dev.weft.net.Stream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code setEncoding} and {@code text}: whole characters, whatever the chunks, and nothing lost at the end. */
@OnOneChannel
class EncodingTest extends ContractTest {
    /** One, two, three and four bytes in UTF-8. */
    private static final String MIXED = "a\u00e9\u20ac\ud83d\ude00 end";

    /** The text of a connection, and what became of its end. */
    private static final class Texts {
        final List<String> parts = Collections.synchronizedList(new ArrayList<>());
        final CompletableFuture<String> whenEnd = new CompletableFuture<>();

        static Texts of(Stream stream) {
            Texts texts = new Texts();
            stream.onText(texts.parts::add);
            stream.onEnd(() -> texts.whenEnd.complete(texts.all()));
            return texts;
        }

        String all() {
            return String.join("", parts);
        }
    }

    /** Sends a byte at a time, each one only when the one before has arrived. */
    private static void sendByteByByte(Connected connected, byte[] bytes) throws IOException {
        int before = connected.events().size();
        for (int i = 0; i < bytes.length; i++) {
            connected.peer().send(new byte[] {bytes[i]});
            connected.events().awaitSize(before + i + 1);
        }
    }

    private static String expected(Encoding encoding, byte[] bytes) {
        return switch (encoding) {
            case UTF8 -> new String(bytes, UTF_8);
            case LATIN1 -> new String(bytes, ISO_8859_1);
            case BASE64 -> Base64.getEncoder().encodeToString(bytes);
            case HEX -> HexFormat.of().formatHex(bytes);
            case ASCII -> {
                StringBuilder text = new StringBuilder();
                for (byte b : bytes) {
                    text.append((char) (b & 0x7f));
                }
                yield text.toString();
            }
        };
    }

    @ParameterizedTest
    @EnumSource(Encoding.class)
    void bytesThatComeOneByOneMakeTheSameTextAsAtOnce(Encoding encoding) throws IOException {
        byte[] bytes = MIXED.getBytes(UTF_8);
        Connected connected = wire.connected();
        connected.stream().setEncoding(encoding);
        Texts texts = Texts.of(connected.stream());
        sendByteByByte(connected, bytes);
        connected.peer().finish();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(expected(encoding, bytes), texts.all());
        assertEquals(texts.all(), texts.whenEnd.join(), "text after end");
        assertFalse(texts.parts.contains(""), "empty text");
        assertArrayEquals(bytes, connected.events().bytes());
    }

    @ParameterizedTest
    @EnumSource(Encoding.class)
    void manyBytesInChunksOfAnySizeAreDecodedWhole(Encoding encoding) throws IOException {
        byte[] bytes = encoding == Encoding.UTF8 ? MIXED.repeat(30_000).getBytes(UTF_8) : Payload.bytes(1, 300_001);
        Pair pair = wire.pair();
        pair.client().setEncoding(encoding);
        Texts texts = Texts.of(pair.client());
        pair.server().write(bytes);
        pair.server().end();
        pair.clientEvents().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(expected(encoding, bytes), texts.all());
    }

    @Test
    void characterCutByTheEndBecomesAReplacementBeforeEnd() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setEncoding(Encoding.UTF8);
        Texts texts = Texts.of(connected.stream());
        connected.peer().send(new byte[] {'x', (byte) 0xe2, (byte) 0x82}).finish();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals("x\ufffd", texts.whenEnd.join());
    }

    @Test
    void base64GroupCutByTheEndIsPaddedBeforeEnd() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setEncoding(Encoding.BASE64);
        Texts texts = Texts.of(connected.stream());
        sendByteByByte(connected, new byte[] {(byte) 0xff, (byte) 0xfe, (byte) 0xfd, 0x41});
        connected.peer().finish();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals("//79QQ==", texts.whenEnd.join());
    }

    @Test
    void asciiDropsTheEighthBit() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setEncoding(Encoding.ASCII);
        Texts texts = Texts.of(connected.stream());
        connected.peer().send(new byte[] {(byte) 0xff, (byte) 0xfe, 'A'}).finish();
        connected.events().awaitClose();
        assertEquals("\u007f~A", texts.whenEnd.join());
    }

    @Test
    void latin1KeepsAll256Bytes() throws IOException {
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        CompletableFuture<Events> accepted = new CompletableFuture<>();
        Server server = wire.listening(stream -> {
            stream.setEncoding(Encoding.LATIN1);
            stream.onText(text -> stream.write(text, Encoding.LATIN1));
            accepted.complete(Events.of(scope, stream));
        });
        Peer peer = wire.dial(server).send(all).send(all).finish();
        byte[] twice = new byte[512];
        System.arraycopy(all, 0, twice, 0, 256);
        System.arraycopy(all, 0, twice, 256, 256);
        assertArrayEquals(twice, peer.readToEnd());
    }

    @Test
    void invalidUtf8BecomesReplacements() throws IOException {
        byte[] bytes = {'a', (byte) 0xff, 'b', (byte) 0xc3, 'c'};
        Connected connected = wire.connected();
        connected.stream().setEncoding(Encoding.UTF8);
        Texts texts = Texts.of(connected.stream());
        connected.peer().send(bytes).finish();
        connected.events().awaitClose();
        assertEquals("a\ufffdb\ufffdc", texts.whenEnd.join());
    }

    @Test
    void dataBringsTheBytesWhateverTheEncoding() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setEncoding(Encoding.HEX);
        Texts texts = Texts.of(connected.stream());
        connected.peer().send("AB").finish();
        connected.events().awaitClose();
        assertEquals("AB", connected.events().text());
        assertEquals("4142", texts.all());
    }

    @Test
    void onTextWithoutAnEncodingIsRefused() {
        assertThrows(IllegalStateException.class, () -> wire.stream().onText(text -> {}));
    }

    @Test
    void nullEncodingMeansBytesOnly() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setEncoding(Encoding.UTF8);
        Texts texts = Texts.of(connected.stream());
        connected.peer().send("text");
        connected.events().awaitText("text");
        connected.stream().setEncoding(null);
        connected.peer().send("bytes").finish();
        connected.events().assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals("textbytes", connected.events().text());
        assertEquals("text", texts.all());
    }

    @Test
    void newEncodingDropsWhatTheOldOneHolds() throws IOException {
        Connected connected = wire.connected();
        connected.stream().setEncoding(Encoding.UTF8);
        Texts texts = Texts.of(connected.stream());
        sendByteByByte(connected, new byte[] {'a', (byte) 0xc3});
        connected.stream().setEncoding(Encoding.LATIN1);
        connected.peer().send(new byte[] {(byte) 0xe9}).finish();
        connected.events().awaitClose();
        assertEquals("a\u00e9", texts.all());
    }

    @Test
    void unfinishedCharacterOfOneConnectionIsNotInTheTextOfTheNext() throws IOException {
        PeerListener listener = wire.peerListener();
        Stream stream = wire.stream();
        stream.setEncoding(Encoding.UTF8);
        Texts texts = Texts.of(stream);
        Events events = Events.of(scope, stream);
        wire.connect(stream, listener);
        Peer unused = listener.accept().send(new byte[] {'a', (byte) 0xe2, (byte) 0x82});
        events.awaitSize(3);
        stream.destroy();
        events.await("close(false)");
        wire.connect(stream, listener);
        unused = listener.accept().send("b").finish();
        events.await("close(false)", 2);
        assertEquals("ab", texts.all());
    }

    @Test
    void encodingSetInConnectCoversTheFirstByte() throws IOException {
        CompletableFuture<Texts> texts = new CompletableFuture<>();
        Server server = wire.listening(stream -> stream.onConnect(() -> {
            stream.setEncoding(Encoding.UTF8);
            texts.complete(Texts.of(stream));
        }));
        Peer peer = wire.dial(server).send("\u20ac").finish();
        assertEquals("", peer.readTextToEnd());
        assertEquals("\u20ac", texts.join().whenEnd.join());
    }

    @Test
    void echoOfTextIsTheSameText() {
        String text = MIXED.repeat(5000);
        Server server = wire.listening(stream -> {
            stream.setEncoding(Encoding.UTF8);
            stream.onText(stream::write);
        });
        Stream client = wire.stream();
        client.setEncoding(Encoding.UTF8);
        Texts texts = Texts.of(client);
        Events events = Events.of(scope, client);
        wire.connect(client, server);
        client.end(text);
        events.assertClosedAfter("connect", "data", "end", "close(false)");
        assertEquals(text, texts.all());
    }
}
