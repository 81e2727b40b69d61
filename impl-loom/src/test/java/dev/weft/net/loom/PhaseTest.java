// SPDX-License-Identifier: Apache-2.0
package dev.weft.net.loom;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.weft.net.ReadyState;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhaseTest {
    private static final String TABLE = """
            OPENING,        OPEN,       OPENING_ENDED,  OPENING,        OPENING
            OPENING_ENDED,  READ_ONLY,  OPENING_ENDED,  OPENING_ENDED,  OPENING
            OPEN,           OPEN,       READ_ONLY,      WRITE_ONLY,     OPEN
            READ_ONLY,      READ_ONLY,  READ_ONLY,      FINISHING,      READ_ONLY
            WRITE_ONLY,     WRITE_ONLY, FINISHING,      WRITE_ONLY,     WRITE_ONLY
            FINISHING,      FINISHING,  FINISHING,      FINISHING,      CLOSED
            CLOSED,         CLOSED,     CLOSED,         CLOSED,         CLOSED
            """;

    @ParameterizedTest
    @CsvSource(textBlock = TABLE)
    void everyMethodLeadsWhereTheDiagramSays(
            Phase phase, Phase opened, Phase end, Phase peerEnded, ReadyState readyState) {
        assertEquals(opened, phase.opened());
        assertEquals(end, phase.end());
        assertEquals(peerEnded, phase.peerEnded());
        assertEquals(readyState, phase.readyState);
    }

    @Test
    void tableHasEveryPhase() {
        Set<Phase> inTable = Arrays.stream(TABLE.split("\n"))
                .map(line -> Phase.valueOf(line.substring(0, line.indexOf(','))))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Phase.class)));
        assertEquals(EnumSet.allOf(Phase.class), inTable);
    }

    @Test
    void phasesNeverGoBack() {
        for (Phase phase : Phase.values()) {
            for (Phase next : List.of(phase.opened(), phase.end(), phase.peerEnded())) {
                assertEquals(
                        true,
                        next == phase || (next.opened() != phase && next.end() != phase && next.peerEnded() != phase),
                        phase + " to " + next + " and back");
            }
        }
    }

    @Test
    void sidesMayEndInEitherOrderAtAnyTime() {
        assertEquals(Phase.FINISHING, Phase.OPENING.end().opened().peerEnded());
        assertEquals(Phase.FINISHING, Phase.OPENING.opened().end().peerEnded());
        assertEquals(Phase.FINISHING, Phase.OPENING.opened().peerEnded().end());
    }
}
