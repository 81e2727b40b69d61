// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

/**
 * One listener on one event, as returned by every {@code on…} method.
 *
 * <p><b>Threading</b>: any thread.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface Registration {
    /** Removes the listener; an event that is being delivered just now may still reach it. A second call does nothing. */
    void remove();
}
