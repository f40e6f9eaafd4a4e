story: A new leader reads only after it has committed an entry of its term
paper: dissertation §6.4, step 1
traps: F2

# S1 committed x and told the client; S2 does not know that yet when it becomes leader. A read that used
# its commit index now would not see x.

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
expect S1 told x is done
crash S1
    S1 crashes
quietly elect S2 by S3
    S2 becomes leader of term 2
expect S2 commit 1

# S3 answers a heartbeat sent after the read came: S2 leads, no doubt. Still the read waits.
read S2 early
    S2 -> S1  AppendEntries #7: term 2, after entry 2 of term 1: no entries; commit 1
tick S2 2
    S2 -> S1  AppendEntries #8: term 2, after entry 2 of term 1: no entries; commit 1
    S2 -> S3  AppendEntries #9: term 2, after entry 2 of term 1: no entries; commit 1
deliver S2 -> S3 heartbeat
    S3 <- S2  AppendEntries #9
    S3 knows S2 as leader of term 2
    S3 -> S2  AppendEntries answer #9: term 2, match 2
deliver S3 -> S2 AppendEntries answer
    S2 <- S3  AppendEntries answer #9
expect S2 waiting-reads 1

deliver S2 -> S3 AppendEntries
    S3 <- S2  AppendEntries #6
    S3 writes entry 3 of term 2 (no-op)
    S3 -> S2  AppendEntries answer #6: term 2, match 3
deliver S3 -> S2 AppendEntries answer
    S2 <- S3  AppendEntries answer #6
    S2 commits up to 3
    S2 may answer read early once entry 3 is applied
    S2 applies entries 2 of term 1 (x), 3 of term 2 (no-op)
    S2 tells the client: read early sees x
expect S2 told read early sees x
