// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

/**
 * Something to do once a stream is fully closed.
 *
 * <p><b>Threading</b>: as every listener, see {@link Stream}.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface CloseListener {
    /**
     * Called exactly once per connection, as its last event.
     *
     * @param hadError whether the stream was closed because of an error, which {@code error} has told just before
     * @throws Exception whatever went wrong; it is logged, since the stream is closed already
     */
    void closed(boolean hadError) throws Exception;
}
