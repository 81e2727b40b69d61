// SPDX-License-Identifier: Apache-2.0
/**
 * TLS as a {@link dev.weft.net.spi.SecureTransport}, with the JDK's {@code SSLEngine}, and credentials made from PEM.
 */
@org.jspecify.annotations.NullMarked
package dev.weft.net.tls;
