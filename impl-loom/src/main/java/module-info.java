// SPDX-License-Identifier: Apache-2.0
/**
 * The engine of weft: TCP on virtual threads that do blocking reads and writes. It exports nothing but to
 * its neighbour; programs use {@code dev.weft.net} and have this module beside it.
 */
@SuppressWarnings("module") // dev.weft.net.unix is compiled later
@org.jspecify.annotations.NullMarked
module dev.weft.net.loom {
    requires static org.jspecify;
    requires transitive dev.weft.net;
    requires jdk.net;
    requires org.jctools.core;
    requires org.jctools.core.jdk11;

    exports dev.weft.net.loom.channel to
            dev.weft.net.unix;

    uses dev.weft.net.spi.TransportProvider;

    provides dev.weft.net.spi.NetProvider with
            dev.weft.net.loom.LoomNet;
}
