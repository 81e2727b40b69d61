// SPDX-License-Identifier: Apache-2.0
/**
 * Servers and streams over TCP, Unix sockets and TLS: events outside, blocking virtual threads inside.
 *
 * <p>{@link dev.weft.net.Net} creates a {@link dev.weft.net.Server} or a {@link dev.weft.net.Stream}; both tell what
 * happens to them through listeners. All listeners of one stream run one at a time, in the order of the events, on a
 * virtual thread, and may block: only their own stream waits then.
 */
@org.jspecify.annotations.NullMarked
package dev.weft.net;
