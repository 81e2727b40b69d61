// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

/**
 * Something to do when an event without details happens, such as {@code connect} or {@code drain}.
 *
 * <p><b>Threading</b>: as every listener, see {@link Stream}.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface Action {
    /**
     * Called once per event.
     *
     * @throws Exception whatever went wrong; the stream it was registered on is destroyed with it
     */
    void run() throws Exception;
}
