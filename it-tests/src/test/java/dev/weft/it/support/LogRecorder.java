// SPDX-License-Identifier: Apache-2.0
package dev.weft.it.support;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Keeps what is logged to {@code dev.weft.net}, and off the console. {@link System.Logger} writes to java.util.logging unless
 * told otherwise; a filter there sees every record. By reflection, since the module of the tests does not require
 * java.logging.
 */
final class LogRecorder {
    static final String ERROR = "SEVERE";
    static final String INFO = "INFO";

    private static final Object LOGGER;
    private static final Method SET_FILTER;
    private static final Class<?> FILTER;

    static {
        try {
            Class<?> logger = Class.forName("java.util.logging.Logger");
            FILTER = Class.forName("java.util.logging.Filter");
            LOGGER = logger.getMethod("getLogger", String.class).invoke(null, "dev.weft.net");
            SET_FILTER = logger.getMethod("setFilter", FILTER);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private record Entry(String level, String text) {
        @Override
        public String toString() {
            return "logged " + level + ": " + text;
        }
    }

    private final Queue<Entry> entries = new ConcurrentLinkedQueue<>();

    private LogRecorder() {}

    static LogRecorder install() {
        LogRecorder recorder = new LogRecorder();
        InvocationHandler filter = (proxy, method, arguments) -> {
            if (!method.getName().equals("isLoggable")) {
                return method.invoke(recorder, arguments);
            }
            recorder.entries.add(entry(arguments[0]));
            return false;
        };
        setFilter(Proxy.newProxyInstance(LogRecorder.class.getClassLoader(), new Class<?>[] {FILTER}, filter));
        return recorder;
    }

    void remove() {
        setFilter(null);
    }

    private static void setFilter(Object filter) {
        try {
            SET_FILTER.invoke(LOGGER, filter);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Entry entry(Object record) throws ReflectiveOperationException {
        Object level = record.getClass().getMethod("getLevel").invoke(record);
        Object message = record.getClass().getMethod("getMessage").invoke(record);
        Object thrown = record.getClass().getMethod("getThrown").invoke(record);
        String text = message + (thrown instanceof Throwable t ? "\n" + Await.stackOf(t) : "");
        return new Entry(level.toString(), text);
    }

    List<String> records() {
        return entries.stream().map(Entry::toString).toList();
    }

    List<String> errors() {
        return entries.stream()
                .filter(entry -> entry.level.equals(ERROR))
                .map(Entry::toString)
                .toList();
    }

    /** {@return the first record of the level that contains the part, which is removed; null if there is none} */
    String take(String level, String part) {
        Entry found = entries.stream()
                .filter(entry -> entry.level.equals(level) && entry.text.contains(part))
                .findFirst()
                .orElse(null);
        return found != null && entries.remove(found) ? found.toString() : null;
    }
}
