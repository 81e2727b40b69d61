// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Fails a test that leaves something behind: an open socket, a file in its {@linkplain TestScope#directory() directory}, a
 * logged ERROR that it did not {@linkplain TestScope#awaitLoggedError expect}, an uncaught exception; and a class of tests that
 * leaves a virtual thread of the engine behind. Waits for them to go away first, up to 10 s.
 *
 * <p>Put {@code @ExtendWith(LeakCheck.class)} on the class. A test that wants to say something about its end takes a
 * {@link TestScope} as a parameter, in {@code @BeforeEach} methods too.
 */
public final class LeakCheck
        implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback, ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(LeakCheck.class);

    /** A test that has failed already gets less time to clean up. */
    private static final Duration AFTER_FAILURE = Duration.ofSeconds(2);

    private static final Duration THREADS_INTERVAL = Duration.ofMillis(50);

    @Override
    public void beforeAll(ExtensionContext context) {
        OpenSockets.warmUp();
        context.getStore(NAMESPACE).put(WeftThreads.class, WeftThreads.mark());
    }

    /** Not after each test: JDK 25.0.3 crashes, once in some ten thousand times, if a thread ends while threads are listed. */
    @Override
    public void afterAll(ExtensionContext context) {
        long before = context.getStore(NAMESPACE).get(WeftThreads.class, Long.class);
        List<String> left = new ArrayList<>();
        Await.isTrueWithin(Await.LIMIT, THREADS_INTERVAL, () -> {
            left.clear();
            left.addAll(WeftThreads.describeSince(before));
            return left.isEmpty();
        });
        if (!left.isEmpty()) {
            throw new AssertionError(
                    "a test of " + context.getDisplayName() + " has left behind:\n  " + String.join("\n  ", left));
        }
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        context.getStore(NAMESPACE).put(TestScope.class, new TestScope());
    }

    @Override
    public void afterEach(ExtensionContext context) {
        TestScope scope = scope(context);
        boolean failed = context.getExecutionException().isPresent();
        List<String> leftOvers = new ArrayList<>();
        try {
            scope.cleanUp(leftOvers);
            scope.awaitNothingLeft(failed ? AFTER_FAILURE : Await.LIMIT, leftOvers);
        } finally {
            scope.close(leftOvers);
        }
        if (!leftOvers.isEmpty()) {
            throw new AssertionError(
                    context.getDisplayName() + " has left behind:\n  " + String.join("\n  ", leftOvers));
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == TestScope.class && scopeOrNull(context) != null;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return scope(context);
    }

    private static TestScope scope(ExtensionContext context) {
        TestScope scope = scopeOrNull(context);
        if (scope == null) {
            throw new IllegalStateException("no test is running");
        }
        return scope;
    }

    private static TestScope scopeOrNull(ExtensionContext context) {
        return context.getStore(NAMESPACE).get(TestScope.class, TestScope.class);
    }
}
