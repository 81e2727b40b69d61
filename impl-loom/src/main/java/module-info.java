// SPDX-License-Identifier: Apache-2.0
/**
 * The engine of weft: TCP on virtual threads that do blocking reads and writes. It exports nothing; programs use
 * {@code dev.weft.net} and have this module beside it.
 */
@org.jspecify.annotations.NullMarked
module dev.weft.net.loom {
    requires static org.jspecify;
    requires transitive dev.weft.net;
    requires jdk.net;
    requires org.jctools.core;
    requires org.jctools.core.jdk11;

    uses dev.weft.net.spi.TransportProvider;

    provides dev.weft.net.spi.NetProvider with
            dev.weft.net.loom.LoomNet;
}
