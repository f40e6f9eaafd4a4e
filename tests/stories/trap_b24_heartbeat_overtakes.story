story: A heartbeat that overtakes entries names what came before them
paper: dissertation §10.2.2
traps: B24

# One message with entries is under way to a follower at a time, heartbeats leave beside it. If one
# overtakes, the follower must not take the entries still under way for a gap.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
propose S1 x
    S1 appends x as entry 2 of term 1
    S1 -> S2  AppendEntries #9: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 -> S3  AppendEntries #10: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 writes entry 2 of term 1 (x)
propose S1 y
    S1 appends y as entry 3 of term 1
    S1 writes entry 3 of term 1 (y)
tick S1 2
    S1 -> S2  AppendEntries #11: term 1, after entry 1 of term 1: no entries; commit 1
    S1 -> S3  AppendEntries #12: term 1, after entry 1 of term 1: no entries; commit 1
deliver S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #11
    S2 -> S1  AppendEntries answer #11: term 1, match 1
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #11
expect match S2 at S1 1

# x arrives later, and y follows once x is answered.
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #9
    S2 writes entry 2 of term 1 (x)
    S2 -> S1  AppendEntries answer #9: term 1, match 2
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #9
    S1 commits up to 2
    S1 -> S2  AppendEntries #13: term 1, after entry 2 of term 1: entry 3 of term 1 (y); commit 2
    S1 applies entry 2 of term 1 (x)
    S1 tells the client: x is done
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #13
    S2 commits up to 2
    S2 writes entry 3 of term 1 (y)
    S2 -> S1  AppendEntries answer #13: term 1, match 3
    S2 applies entry 2 of term 1 (x)
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #13
    S1 commits up to 3
    S1 applies entry 3 of term 1 (y)
    S1 tells the client: y is done
expect S2 log 1 1 1
expect match S2 at S1 3
