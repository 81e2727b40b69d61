// SPDX-License-Identifier: Apache-2.0
/** Transports over the JDK's socket channels; for {@code dev.weft.net.unix}, and no one else's. */
@org.jspecify.annotations.NullMarked
package dev.weft.net.loom.channel;
