// SPDX-License-Identifier: Apache-2.0
/**
 * The servers that the benchmark compares, one class per library, each a program of its own. A behaviour of theirs has
 * the name of the scenario that it is for. Start with {@code WeftServer}.
 */
package dev.weft.bench.server;
