story: Figure 8, (a) to (d): an entry on a majority is still overwritten
paper: Figure 8; §5.4.2
traps: B1

# Why a leader may not commit entries of earlier terms by counting replicas. Entry 2 of term 2 reaches
# three of five servers and is overwritten all the same: nobody ever called it committed. The no-op
# that starts each term is the entry the figure draws. One entry a message, so that entry 2 can travel
# without entry 3.

servers 5
option append_bytes_max 1
log S1 1
log S2 1
log S3 1
log S4 1
log S5 1

scene (a) S1 leads term 2 and reaches S2 alone
quietly elect S1 by S2 S3
    S1 becomes leader of term 2
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #9
    S2 knows S1 as leader of term 2
    S2 writes entry 2 of term 2 (no-op)
    S2 -> S1  AppendEntries answer #9: term 2, match 2
quietly drop all
expect S1 S2 log 1 2
crash S1
    S1 crashes

scene (b) S5 leads term 3 with the votes of S3 and S4 and keeps its entry to itself
quietly elect S5 by S3 S4
    S5 becomes leader of term 3
quietly drop all
expect S5 log 1 3
crash S5
    S5 crashes

scene (c) S1 leads term 4 and brings entry 2 to S3: it is on a majority
restart S1
    S1 restarts in term 2, vote for S1, log: 1 2
quietly elect S1 by S2 S3 S4
    S1 becomes leader of term 4
deliver S1 -> S3 AppendEntries
    S3 <- S1  AppendEntries #14
    S3 knows S1 as leader of term 4
    S3 -> S1  AppendEntries answer #14: term 4, mismatch: has nothing from 2 on
deliver S3 -> S1 AppendEntries answer
    S1 <- S3  AppendEntries answer #14
    S1 backs up: next for S3 is 2
    S1 -> S3  AppendEntries #17: term 4, after entry 1 of term 1: entry 2 of term 2 (no-op); commit 0
deliver S1 -> S3 AppendEntries
    S3 <- S1  AppendEntries #17
    S3 writes entry 2 of term 2 (no-op)
    S3 -> S1  AppendEntries answer #17: term 4, match 2
deliver S3 -> S1 AppendEntries answer
    S1 <- S3  AppendEntries answer #17
    S1 -> S3  AppendEntries #18: term 4, after entry 2 of term 2: entry 3 of term 4 (no-op); commit 0
expect S1 log 1 2 4
expect S2 S3 log 1 2

# A heartbeat tells S1 that S2 holds entry 2 as well. With its own that makes three of five, and still
# S1 commits nothing: the entry is of an earlier term.
tick S1 2
    S1 -> S2  AppendEntries #19: term 4, after entry 2 of term 2: no entries; commit 0
    S1 -> S3  AppendEntries #20: term 4, after entry 2 of term 2: no entries; commit 0
    S1 -> S4  AppendEntries #21: term 4, after entry 2 of term 2: no entries; commit 0
    S1 -> S5  AppendEntries #22: term 4, after entry 2 of term 2: no entries; commit 0
deliver S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #19
    S2 knows S1 as leader of term 4
    S2 -> S1  AppendEntries answer #19: term 4, match 2
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #19
expect match S2 at S1 2
expect match S3 at S1 2
expect S1 commit 0

scene (d) S5 leads term 5 with the votes of S2, S3 and S4 and overwrites entry 2
crash S1
    S1 crashes
quietly drop all
restart S5
    S5 restarts in term 3, vote for S5, log: 1 3
quietly elect S5 by S2 S3 S4
    S5 becomes leader of term 5
quietly run 4
    S5 commits up to 3
    S2 commits up to 3
    S3 commits up to 3
    S4 commits up to 3
expect S2 S3 S4 S5 log 1 3 5
expect S5 commit 3
