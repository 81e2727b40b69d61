// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import dev.weft.net.Listener;
import dev.weft.net.Registration;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The listeners of one emitter, in a list per event. Lists are copied on change, so an event goes to those that were there
 * when its delivery began, and reading costs no lock.
 */
final class ListenerTable {
    private static final VarHandle LIST = MethodHandles.arrayElementVarHandle(Listener[][].class);
    private static final Listener<?>[] NONE = {};

    private final Listener<?> @Nullable [][] lists;

    ListenerTable(int events) {
        lists = new Listener<?>[events][];
    }

    /** In the order of registration; not to be changed. */
    Listener<?>[] of(int event) {
        Listener<?>[] list = (Listener<?>[]) LIST.getAcquire(lists, event);
        return list == null ? NONE : list;
    }

    boolean has(int event) {
        return of(event).length != 0;
    }

    synchronized Registration add(int event, Listener<?> listener) {
        Listener<?>[] old = of(event);
        Listener<?>[] list = Arrays.copyOf(old, old.length + 1);
        list[old.length] = listener;
        // volatile, and so before the caller's look at what was unheard: see LoomStream.deliver
        LIST.setVolatile(lists, event, list);
        return new Entry(event, listener);
    }

    /** Removes one listener once, even if the same object is registered again. */
    private final class Entry implements Registration {
        private final int event;
        private @Nullable Listener<?> listener;

        Entry(int event, Listener<?> listener) {
            this.event = event;
            this.listener = listener;
        }

        @Override
        public void remove() {
            synchronized (ListenerTable.this) {
                if (listener != null) {
                    ListenerTable.this.remove(event, listener, false);
                    listener = null;
                }
            }
        }
    }

    /** Adds a listener that leaves just before its first event. */
    <T> Registration addOnce(int event, Listener<T> listener) {
        return add(event, new Once<>(this, event, listener));
    }

    /** Removes what was registered with this object, be it for once. */
    void remove(int event, Listener<?> listener) {
        remove(event, listener, true);
    }

    @SuppressWarnings("ReferenceEquality") // the same object was registered
    private synchronized void remove(int event, Listener<?> listener, boolean alsoOnce) {
        Listener<?>[] old = of(event);
        for (int i = old.length - 1; i >= 0; i--) {
            if (old[i] == listener || (alsoOnce && old[i] instanceof Once<?> once && once.listener == listener)) {
                Listener<?>[] list = Arrays.copyOf(old, old.length - 1);
                System.arraycopy(old, i + 1, list, i, list.length - i);
                LIST.setVolatile(lists, event, list);
                return;
            }
        }
    }

    private record Once<T>(ListenerTable table, int event, Listener<T> listener) implements Listener<T> {
        @Override
        public void handle(T detail) throws Exception {
            table.remove(event, this);
            listener.handle(detail);
        }
    }
}
