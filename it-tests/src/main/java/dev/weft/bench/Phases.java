// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.time.Duration;

/** The parts of a run: the load is the same in both, but counts only in the second. */
record Phases(Duration warmUp, Duration measured) {}
