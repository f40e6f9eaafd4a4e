story: The next index falls neither to zero nor below what is known to match
paper: Figure 2, Leaders; §5.3
traps: B8 B24

# S2 lost everything. Both the AppendEntries and a heartbeat that overtakes nothing are rejected, so two
# rejections are on their way to S1. The second arrives when S2 has caught up.

servers 3
log S1 1 1
log S3 1 1
quietly elect S1 by S3
    S1 becomes leader of term 2
tick S1 2
    S1 -> S2  AppendEntries #7: term 2, after entry 2 of term 1: no entries; commit 0
    S1 -> S3  AppendEntries #8: term 2, after entry 2 of term 1: no entries; commit 0
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #5
    S2 enters term 2
    S2 knows S1 as leader of term 2
    S2 writes term 2, no vote
    S2 -> S1  AppendEntries answer #5: term 2, mismatch: has nothing from 1 on
    S2 <- S1  AppendEntries #7
    S2 -> S1  AppendEntries answer #7: term 2, mismatch: has nothing from 1 on
deliver oldest S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #5
    S1 backs up: next for S2 is 1
    S1 -> S2  AppendEntries #9: term 2, after the start: entries 1-2 of term 1, 3 of term 2 (no-op); commit 0

# The log begins at 1, so 1 is where the leader begins again; there is nothing at 0.
expect next S2 at S1 4
deliver newest S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #9
    S2 writes entries 1-2 of term 1, 3 of term 2 (no-op)
    S2 -> S1  AppendEntries answer #9: term 2, match 3
expect S2 log 1 1 2
deliver newest S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #9
    S1 commits up to 3
    S1 applies entries 1-2 of term 1, 3 of term 2 (no-op)
expect match S2 at S1 3

# The old rejection tells S1 nothing, and it sends nothing twice.
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #7
expect match S2 at S1 3
expect next S2 at S1 4
expect no message S1 -> S2 AppendEntries
