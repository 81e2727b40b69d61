// SPDX-License-Identifier: Apache-2.0
/**
 * What Unix adds to weft: path and abstract sockets, inherited descriptors, systemd activation, peer credentials, descriptor
 * passing. Programs use {@code dev.weft.net} and have this module beside it; {@link dev.weft.net.unix} holds what has no
 * place there.
 */
@org.jspecify.annotations.NullMarked
module dev.weft.net.unix {
    requires static org.jspecify;
    requires transitive dev.weft.net;
    requires dev.weft.net.loom;
    requires org.newsclub.net.unix;
    // Not used by name: it brings the native library, which is not found unless it is in the module graph.
    requires com.kohlschutter.junixsocket.nativecommon;

    exports dev.weft.net.unix;

    provides dev.weft.net.spi.TransportProvider with
            dev.weft.net.unix.UnixProvider;
}
