story: After a lost message entries wait until the follower is heard, and then do flow
paper: Figure 2, Leaders; dissertation §10.2.1
traps: B18

# The call that carries x fails. S1 does not resend it blind, and y joins the queue.

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
fail S1 -> S2 AppendEntries
    S1 -x S2  AppendEntries #9 fails
propose S1 y
    S1 appends y as entry 3 of term 1
    S1 writes entry 3 of term 1 (y)
expect no message S1 -> S2 AppendEntries

# One answered heartbeat ends the probing.
tick S1 2
    S1 -> S2  AppendEntries #11: term 1, after entry 2 of term 1: no entries; commit 1
    S1 -> S3  AppendEntries #12: term 1, after entry 1 of term 1: no entries; commit 1
deliver S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #11
    S2 -> S1  AppendEntries answer #11: term 1, mismatch: has nothing from 2 on
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #11
    S1 backs up: next for S2 is 2
    S1 -> S2  AppendEntries #13: term 1, after entry 1 of term 1: entries 2 of term 1 (x), 3 of term 1 (y); commit 1
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #13
    S2 writes entries 2 of term 1 (x), 3 of term 1 (y)
    S2 -> S1  AppendEntries answer #13: term 1, match 3
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #13
    S1 commits up to 3
    S1 applies entries 2 of term 1 (x), 3 of term 1 (y)
    S1 tells the client: x is done
    S1 tells the client: y is done
expect S2 log 1 1 1
expect S1 commit 3
