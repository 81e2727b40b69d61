// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

/**
 * Something to do with the details of an event, such as the bytes of {@code data}.
 *
 * <p><b>Threading</b>: as every listener, see {@link Stream}.
 *
 * @param <T> what the event brings
 * @since 0.1
 */
@FunctionalInterface
public interface Listener<T> {
    /**
     * Called once per event.
     *
     * @param event what the event brings
     * @throws Exception whatever went wrong; the stream it was registered on is destroyed with it
     */
    void handle(T event) throws Exception;
}
