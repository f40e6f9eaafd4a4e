story: A heartbeat vouches for no more than it names
paper: Figure 2, AppendEntries step 5; §5.3
traps: B4 B6

# S3 led term 1 and kept two entries to itself before it was cut off. S1 leads term 2 and has committed
# entry 2, another one. Its AppendEntries to S3 is lost, a heartbeat arrives: it names entry 1 as matching,
# and entry 2 as committed.

servers 3
quietly elect S3 by S1 S2
    S3 becomes leader of term 1
quietly run 2
    S3 commits up to 1
    S1 commits up to 1
    S2 commits up to 1
quietly propose S3 lost-a
quietly propose S3 lost-b
quietly drop all
crash S3
    S3 crashes
quietly elect S1 by S2
    S1 becomes leader of term 2
restart S3
    S3 restarts in term 1, vote for S3, log: 1 1 1
drop S1 -> S3 AppendEntries
    S1 -x S3  AppendEntries #6 is lost
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #5
    S2 knows S1 as leader of term 2
    S2 writes entry 2 of term 2 (no-op)
    S2 -> S1  AppendEntries answer #5: term 2, match 2
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #5
    S1 commits up to 2
    S1 applies entry 2 of term 2 (no-op)
expect S1 commit 2

# S3 may commit entry 1 at most, and claims that entry 1 matches, not its own tail.
tick S1 2
    S1 -> S2  AppendEntries #7: term 2, after entry 2 of term 2: no entries; commit 2
    S1 -> S3  AppendEntries #8: term 2, after entry 1 of term 1: no entries; commit 2
deliver S1 -> S3 heartbeat
    S3 <- S1  AppendEntries #8
    S3 enters term 2
    S3 knows S1 as leader of term 2
    S3 writes term 2, no vote
    S3 -> S1  AppendEntries answer #8: term 2, match 1
expect S3 log 1 1 1
expect S3 commit 1
deliver S3 -> S1 AppendEntries answer
    S1 <- S3  AppendEntries answer #8
expect match S3 at S1 1
