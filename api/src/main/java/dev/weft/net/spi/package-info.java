// SPDX-License-Identifier: Apache-2.0
/**
 * What engines, transports and security layers implement; programs that only use sockets need nothing of it.
 *
 * <p>A {@link dev.weft.net.spi.NetProvider} is an engine: it makes servers and streams. A
 * {@link dev.weft.net.spi.TransportProvider} opens {@link dev.weft.net.spi.Transport}s for a family of addresses, and a
 * {@link dev.weft.net.spi.SecurityProvider} lays a secured transport over any other one. Reading, writing, timeouts and
 * events are the engine's, written once for every transport.
 */
@org.jspecify.annotations.NullMarked
package dev.weft.net.spi;
