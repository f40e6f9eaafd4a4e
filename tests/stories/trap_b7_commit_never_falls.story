story: A new leader that knows of fewer commits takes none back
paper: Figure 2, AppendEntries step 5; §5.4
traps: B7

# S1 commits x and tells S2, not S3, before it crashes. S3 has x and becomes leader; it does not know yet
# that x is committed, and its first AppendEntries says so.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
quietly propose S1 x
quietly settle
    S1 commits up to 2
    S1 tells the client: x is done
tick S1 2
    S1 -> S2  AppendEntries #11: term 1, after entry 2 of term 1: no entries; commit 2
    S1 -> S3  AppendEntries #12: term 1, after entry 2 of term 1: no entries; commit 2
deliver S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #11
    S2 commits up to 2
    S2 -> S1  AppendEntries answer #11: term 1, match 2
    S2 applies entry 2 of term 1 (x)
expect S2 commit 2
expect S3 commit 1
crash S1
    S1 crashes
quietly drop all

quietly elect S3 by S2
    S3 becomes leader of term 2
deliver S3 -> S2 AppendEntries
    S2 <- S3  AppendEntries #6
    S2 knows S3 as leader of term 2
    S2 writes entry 3 of term 2 (no-op)
    S2 -> S3  AppendEntries answer #6: term 2, match 3
expect S2 commit 2
deliver S2 -> S3 AppendEntries answer
    S3 <- S2  AppendEntries answer #6
    S3 commits up to 3
    S3 applies entries 2 of term 1 (x), 3 of term 2 (no-op)
expect S3 commit 3
