// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A {@link ContractTest} of what happens on one connection once it is there, whatever its server's address is and however that
 * came by it. It is left out where connections are the same channels as those of another transport, unless the transport is
 * asked for by name: see {@link Transports}.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface OnOneChannel {}
