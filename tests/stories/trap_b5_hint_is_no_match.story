story: A hint says where to look, not what is there
paper: §5.3, last paragraphs
traps: B5

# S3 is down. The message that brings x to S2 is lost, and S1 learns of it. The next heartbeat names entry
# 2, which S2 has never seen. S2's answer, "no entry from 2 on", is no proof that it has anything.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
crash S3
    S3 crashes
propose S1 x
    S1 appends x as entry 2 of term 1
    S1 -> S2  AppendEntries #9: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 -> S3  AppendEntries #10: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 writes entry 2 of term 1 (x)
fail S1 -> S2 AppendEntries
    S1 -x S2  AppendEntries #9 fails
tick S1 2
    S1 -> S2  AppendEntries #11: term 1, after entry 2 of term 1: no entries; commit 1
    S1 -> S3  AppendEntries #12: term 1, after entry 1 of term 1: no entries; commit 1
deliver S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #11
    S2 -> S1  AppendEntries answer #11: term 1, mismatch: has nothing from 2 on
expect message S2 -> S1 AppendEntries answer
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #11
    S1 backs up: next for S2 is 2
    S1 -> S2  AppendEntries #13: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
expect match S2 at S1 1
expect S1 commit 1

# It is where S1 begins again.
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #13
    S2 writes entry 2 of term 1 (x)
    S2 -> S1  AppendEntries answer #13: term 1, match 2
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #13
    S1 commits up to 2
    S1 applies entry 2 of term 1 (x)
    S1 tells the client: x is done
expect match S2 at S1 2
expect S1 told x is done
