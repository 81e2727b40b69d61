// SPDX-License-Identifier: Apache-2.0
/**
 * TLS for streams: put it beside {@code dev.weft.net}, and {@link dev.weft.net.Stream#setSecure} works. It exports nothing.
 */
@org.jspecify.annotations.NullMarked
module dev.weft.net.tls {
    requires static org.jspecify;
    requires transitive dev.weft.net;

    provides dev.weft.net.spi.SecurityProvider with
            dev.weft.net.tls.TlsProvider;
}
