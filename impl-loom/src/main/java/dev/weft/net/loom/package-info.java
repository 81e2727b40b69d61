// SPDX-License-Identifier: Apache-2.0
/**
 * The engine: {@link dev.weft.net.loom.LoomStream} is what a program holds, a {@link dev.weft.net.loom.Connection} one life
 * of it, with a {@link dev.weft.net.loom.Reader} thread and a {@link dev.weft.net.loom.WritePath}; the
 * {@link dev.weft.net.loom.Dispatcher} runs the listeners one at a time.
 */
@org.jspecify.annotations.NullMarked
package dev.weft.net.loom;
