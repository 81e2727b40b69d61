// SPDX-License-Identifier: Apache-2.0
package dev.weft.net;

/**
 * Which halves of a {@link Stream} are open ({@code net-api.txt}, stream.readyState).
 *
 * @since 0.1
 */
public enum ReadyState {
    /** Neither half: never connected, closed, or both sides have ended and only queued bytes are still going out. */
    CLOSED("closed"),
    /** {@link Stream#connect(int, String) connect} was called and has not succeeded or failed yet. */
    OPENING("opening"),
    /** Both halves. */
    OPEN("open"),
    /** We have called {@link Stream#end() end}; the peer may go on sending. */
    READ_ONLY("readOnly"),
    /** The peer has ended; we may go on writing. */
    WRITE_ONLY("writeOnly");

    private final String text;

    ReadyState(String text) {
        this.text = text;
    }

    /** {@return the name that Node gives to this state, such as {@code "readOnly"}} */
    @Override
    public String toString() {
        return text;
    }
}
