// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

/** A transport of ours that tells in which mode it is, as the SPI does not. */
interface Modal {
    boolean isBlocking();
}
