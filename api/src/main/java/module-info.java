// SPDX-License-Identifier: Apache-2.0
/**
 * The face of weft: servers, streams and their events, as Node's {@code net} has them, for Java 21 and later.
 * Start at {@link dev.weft.net.Net}. The engine is found with {@link java.util.ServiceLoader}: put
 * {@code dev.weft:weft-loom} beside this module; {@link dev.weft.net.spi} is for those who write engines and transports.
 */
@org.jspecify.annotations.NullMarked
module dev.weft.net {
    requires static transitive org.jspecify;

    exports dev.weft.net;
    exports dev.weft.net.spi;

    uses dev.weft.net.spi.NetProvider;
    uses dev.weft.net.spi.SecurityProvider;
}
