story: A follower acknowledges an entry once it is on its disk
paper: Figure 2, persistent state; §5.3
traps: B12

# S3 is down, so S1 needs S2. The disk of S2 is slow. If S2 answered before, S1 would commit x, and the
# crash of S2 would leave x on one server of three.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
crash S3
    S3 crashes
hold disk S2
propose S1 x
    S1 appends x as entry 2 of term 1
    S1 -> S2  AppendEntries #9: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 -> S3  AppendEntries #10: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 writes entry 2 of term 1 (x)
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #9
    S2 asks its disk for entry 2 of term 1 (x)
expect no message S2 -> S1 AppendEntries answer
expect S1 commit 1

crash S2
    S2 crashes
restart S2
    S2 restarts in term 1, vote for S1, log: 1
expect S2 log 1
tick S1 2
    S1 -> S2  AppendEntries #11: term 1, after entry 1 of term 1: no entries; commit 1
    S1 -> S3  AppendEntries #12: term 1, after entry 1 of term 1: no entries; commit 1
deliver S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #11
    S2 knows S1 as leader of term 1
    S2 -> S1  AppendEntries answer #11: term 1, match 1
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #11
expect S1 commit 1
