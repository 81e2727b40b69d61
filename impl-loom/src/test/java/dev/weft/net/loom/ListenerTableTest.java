// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.net.Listener;
import dev.weft.net.Registration;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ListenerTableTest {
    private static final int EVENT = 1;

    private final ListenerTable table = new ListenerTable(3);
    private final List<String> told = new ArrayList<>();

    private Listener<String> listener(String name) {
        return detail -> told.add(name + " " + detail);
    }

    @SuppressWarnings("unchecked")
    private void tell(String detail) throws Exception {
        for (Listener<?> listener : table.of(EVENT)) {
            ((Listener<String>) listener).handle(detail);
        }
    }

    @Test
    void listenersAreToldInTheOrderOfRegistration() throws Exception {
        table.add(EVENT, listener("first"));
        table.add(EVENT, listener("second"));
        table.add(EVENT, listener("third"));
        tell("x");
        assertEquals(List.of("first x", "second x", "third x"), told);
    }

    @Test
    void eventsHaveTheirOwnLists() {
        table.add(EVENT, listener("one"));
        assertTrue(table.has(EVENT));
        assertFalse(table.has(EVENT - 1));
        assertFalse(table.has(EVENT + 1));
        assertEquals(0, table.of(EVENT + 1).length);
    }

    @Test
    void sameListenerMayBeAddedTwiceAndIsToldTwice() throws Exception {
        Listener<String> same = listener("same");
        table.add(EVENT, same);
        table.add(EVENT, same);
        tell("x");
        assertEquals(List.of("same x", "same x"), told);
    }

    @Test
    void removeTakesTheLatestOfTheSame() throws Exception {
        Listener<String> same = listener("same");
        table.add(EVENT, same);
        table.add(EVENT, listener("other"));
        table.add(EVENT, same);
        table.remove(EVENT, same);
        tell("x");
        assertEquals(List.of("same x", "other x"), told);
    }

    @Test
    void removingWhatIsNotThereDoesNothing() throws Exception {
        table.remove(EVENT, listener("stranger"));
        table.add(EVENT, listener("one"));
        table.remove(EVENT, listener("stranger"));
        table.remove(EVENT + 1, table.of(EVENT)[0]);
        tell("x");
        assertEquals(List.of("one x"), told);
    }

    @Test
    void removeGoesByIdentityAndNotByEquals() {
        record Equal(String name) implements Listener<String> {
            @Override
            public void handle(String detail) {}
        }
        table.add(EVENT, new Equal("a"));
        table.remove(EVENT, new Equal("a"));
        assertTrue(table.has(EVENT));
    }

    @Test
    void registrationRemovesItsListener() throws Exception {
        Registration first = table.add(EVENT, listener("first"));
        table.add(EVENT, listener("second"));
        first.remove();
        tell("x");
        assertEquals(List.of("second x"), told);
    }

    @Test
    void registrationRemovedTwiceLeavesAnotherRegistrationOfTheSameListener() throws Exception {
        Listener<String> same = listener("same");
        Registration first = table.add(EVENT, same);
        table.add(EVENT, same);
        first.remove();
        first.remove();
        tell("x");
        assertEquals(List.of("same x"), told, "Registration.remove: a second call does nothing");
    }

    @Test
    void onceIsToldOnce() throws Exception {
        table.addOnce(EVENT, listener("once"));
        table.add(EVENT, listener("always"));
        tell("x");
        tell("y");
        assertEquals(List.of("once x", "always x", "always y"), told);
    }

    @Test
    void onceIsGoneBeforeItIsCalled() throws Exception {
        AtomicInteger left = new AtomicInteger(-1);
        table.addOnce(EVENT, detail -> left.set(table.of(EVENT).length));
        tell("x");
        assertEquals(0, left.get());
    }

    @Test
    void onceThatThrowsIsGoneToo() {
        table.addOnce(EVENT, detail -> {
            throw new IOException("thrown");
        });
        assertEquals("thrown", assertThrows(IOException.class, () -> tell("x")).getMessage());
        assertFalse(table.has(EVENT));
    }

    @Test
    void onceCanBeRemovedByItsListenerAndByItsRegistration() {
        Listener<String> byListener = listener("a");
        table.addOnce(EVENT, byListener);
        table.remove(EVENT, byListener);
        assertFalse(table.has(EVENT));
        table.addOnce(EVENT, listener("b")).remove();
        assertFalse(table.has(EVENT));
    }

    @Test
    void twoOncesOfTheSameListenerAreTwo() throws Exception {
        Listener<String> same = listener("same");
        table.addOnce(EVENT, same);
        table.addOnce(EVENT, same);
        tell("x");
        assertEquals(List.of("same x", "same x"), told);
        assertFalse(table.has(EVENT));
    }

    @Test
    void deliveryUnderWayGoesToThoseWhoWereThere() throws Exception {
        Listener<String> second = listener("second");
        table.add(EVENT, detail -> {
            told.add("first " + detail);
            table.add(EVENT, listener("late"));
            table.remove(EVENT, second);
        });
        table.add(EVENT, second);
        tell("x");
        assertEquals(List.of("first x", "second x"), told);
        told.clear();
        Listener<?>[] now = table.of(EVENT);
        assertEquals(2, now.length);
    }

    @Test
    void listOnceReadNeverChanges() {
        table.add(EVENT, listener("one"));
        Listener<?>[] before = table.of(EVENT);
        Listener<?>[] copy = before.clone();
        table.add(EVENT, listener("two"));
        table.remove(EVENT, before[0]);
        assertArrayEquals(copy, before);
    }

    @Test
    void addingAndRemovingOnManyThreadsLosesNone() throws Exception {
        int threads = 8;
        List<CompletableFuture<Void>> adders = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            adders.add(Await.start(() -> {
                for (int i = 0; i < 1000; i++) {
                    Registration gone = table.add(EVENT, detail -> {});
                    if (i % 10 == 0) {
                        table.add(EVENT, detail -> {});
                    }
                    gone.remove();
                }
                return null;
            }));
        }
        for (CompletableFuture<Void> adder : adders) {
            Await.value("an adding thread is done", adder);
        }
        assertEquals(threads * 100, table.of(EVENT).length);
    }
}
