// SPDX-License-Identifier: Apache-2.0
package dev.weft.bench;

import java.util.function.ToDoubleFunction;

/**
 * A number that the table shows for each server, as the median of its runs.
 *
 * @param compared whether its ratio to the baseline's follows
 * @param spread whether it is followed by how far the runs are apart
 */
record Column(String title, int decimals, ToDoubleFunction<Measurement> value, boolean compared, boolean spread) {
    static Column plain(String title, int decimals, ToDoubleFunction<Measurement> value) {
        return new Column(title, decimals, value, false, false);
    }

    static Column compared(String title, int decimals, ToDoubleFunction<Measurement> value) {
        return new Column(title, decimals, value, true, false);
    }

    Column withSpread() {
        return new Column(title, decimals, value, compared, true);
    }

    double of(Measurement measurement) {
        return value.applyAsDouble(measurement);
    }
}
