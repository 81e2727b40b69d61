// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.ReadyState;

/**
 * Where a connection is in its life.
 *
 * <pre>
 *                opened()            end()               peerEnded()
 *      OPENING ───────────▶ OPEN ───────────▶ READ_ONLY ─────────────▶ FINISHING
 *         │                   │                   ▲                        ▲
 *   end() │                   │ peerEnded()       │                        │
 *         ▼      opened()     ▼                   │                        │ end()
 *   OPENING_ENDED ────────────┼───────────────────┘                        │
 *                             └──▶ WRITE_ONLY ─────────────────────────────┘
 *
 *      any ── Connection.close() ──▶ CLOSED
 * </pre>
 *
 * A method that has no arrow from a phase leaves it as it is.
 */
enum Phase {
    OPENING(ReadyState.OPENING),
    /** We have ended before the connection is there. */
    OPENING_ENDED(ReadyState.OPENING),
    OPEN(ReadyState.OPEN),
    READ_ONLY(ReadyState.READ_ONLY),
    WRITE_ONLY(ReadyState.WRITE_ONLY),
    /** Both sides have ended; queued bytes and our FIN may still be on their way to the kernel. */
    FINISHING(ReadyState.CLOSED),
    CLOSED(ReadyState.CLOSED);

    final ReadyState readyState;

    Phase(ReadyState readyState) {
        this.readyState = readyState;
    }

    Phase opened() {
        return switch (this) {
            case OPENING -> OPEN;
            case OPENING_ENDED -> READ_ONLY;
            default -> this;
        };
    }

    Phase end() {
        return switch (this) {
            case OPENING -> OPENING_ENDED;
            case OPEN -> READ_ONLY;
            case WRITE_ONLY -> FINISHING;
            default -> this;
        };
    }

    Phase peerEnded() {
        return switch (this) {
            case OPEN -> WRITE_ONLY;
            case READ_ONLY -> FINISHING;
            default -> this;
        };
    }
}
