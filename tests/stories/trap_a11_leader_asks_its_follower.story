story: A leader that starts again may have the vote of a follower that still believes in it
paper: dissertation §4.2.3, §9.6
traps: A11

# S1 leads, S3 is down. S1 crashes and is back at once. S2 heard S1 a moment ago; if it protected that
# leader against everybody, against S1 too, the two would wait for each other for ever.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
crash S3
    S3 crashes
crash S1
    S1 crashes
restart S1
    S1 restarts in term 1, vote for S1, log: 1
expect S2 follows S1

timeout S1
    S1 times out
    S1 becomes pre-candidate in term 1
    S1 -> S2  PreVote #1: for term 2, log ends at entry 1 of term 1
    S1 -> S3  PreVote #2: for term 2, log ends at entry 1 of term 1
    S1 had waited for 17 ticks
deliver S1 -> S2 PreVote
    S2 <- S1  PreVote #1
    S2 grants S1 its pre-vote in term 2
    S2 -> S1  PreVote answer #1: term 2, granted
deliver S2 -> S1 PreVote answer
    S1 <- S2  PreVote answer #1
    S1 enters term 2
    S1 becomes candidate in term 2
    S1 writes term 2, vote for S1
    S1 -> S2  RequestVote #3: term 2, log ends at entry 1 of term 1
    S1 -> S3  RequestVote #4: term 2, log ends at entry 1 of term 1
expect S1 candidate
deliver S1 -> S2 RequestVote
    S2 <- S1  RequestVote #3
    S2 enters term 2
    S2 grants S1 its vote in term 2
    S2 writes term 2, vote for S1
    S2 -> S1  RequestVote answer #3: term 2, granted
deliver S2 -> S1 RequestVote answer
    S1 <- S2  RequestVote answer #3
    S1 knows S1 as leader of term 2
    S1 becomes leader of term 2
    S1 -> S2  AppendEntries #5: term 2, after entry 1 of term 1: entry 2 of term 2 (no-op); commit 1
    S1 -> S3  AppendEntries #6: term 2, after entry 1 of term 1: entry 2 of term 2 (no-op); commit 1
    S1 writes entry 2 of term 2 (no-op)
expect S1 leader
expect S1 term 2
