// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A {@link ContractTest} that mostly waits for time to pass, which it does alike over all connections. It is left out where
 * connections are the same channels as those of another transport once they are there, unless the transport is asked for by
 * name: see {@link Transports}.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface TakesTime {}
