// SPDX-License-Identifier: Apache-2.0
/**
 * The benchmark: {@link dev.weft.bench.Bench} starts servers as processes of their own, lets a load generator run
 * against each in turn, round after round, and prints medians and ratios. A {@link dev.weft.bench.Scenario} says what
 * is measured, a {@link dev.weft.bench.ServerKind} whom; {@link dev.weft.bench.Scenarios#ALL} and
 * {@link dev.weft.bench.ServerKind#ALL} are the lists to add one to. {@code BENCHMARKS.md} says how
 * to run it and how to read it.
 */
package dev.weft.bench;
