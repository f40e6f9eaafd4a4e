story: Whose log is more up-to-date
paper: §5.4.1; Figure 2, RequestVote step 2
traps: A3

# S1 has the longest log, but its last entry is of term 1. S2's log is shorter and ends with term 2, so
# it may hold what was committed in term 2. The later last term wins; length decides only between
# equals.

servers 3
log S1 1 1 1
log S2 1 2
log S3 1
term S1 2
term S3 2

# S3 would have S1, S2 would not.
timeout S1
    S1 times out
    S1 becomes pre-candidate in term 2
    S1 -> S2  PreVote #1: for term 3, log ends at entry 3 of term 1
    S1 -> S3  PreVote #2: for term 3, log ends at entry 3 of term 1
    S1 had waited for 10 ticks
deliver S1 -> S2 PreVote
    S2 <- S1  PreVote #1
    S2 denies S1 its pre-vote in term 3: that log is not as up-to-date
    S2 -> S1  PreVote answer #1: term 2, denied
deliver S1 -> S3 PreVote
    S3 <- S1  PreVote #2
    S3 grants S1 its pre-vote in term 3
    S3 -> S1  PreVote answer #2: term 3, granted
deliver PreVote answer
    S1 <- S2  PreVote answer #1
    S1 <- S3  PreVote answer #2
    S1 enters term 3
    S1 becomes candidate in term 3
    S1 writes term 3, vote for S1
    S1 -> S2  RequestVote #3: term 3, log ends at entry 3 of term 1
    S1 -> S3  RequestVote #4: term 3, log ends at entry 3 of term 1
expect S1 candidate
deliver S1 -> S2 RequestVote
    S2 <- S1  RequestVote #3
    S2 enters term 3
    S2 denies S1 its vote in term 3: that log is not as up-to-date
    S2 writes term 3, no vote
    S2 -> S1  RequestVote answer #3: term 3, denied
expect S2 vote none
expect S2 term 3
drop all
    S1 -x S3  RequestVote #4 is lost
    S2 -x S1  RequestVote answer #3 is lost

# S1 and S3 both would have S2.
timeout S2
    S2 times out
    S2 becomes pre-candidate in term 3
    S2 -> S1  PreVote #1: for term 4, log ends at entry 2 of term 2
    S2 -> S3  PreVote #2: for term 4, log ends at entry 2 of term 2
    S2 had waited for 19 ticks
deliver S2 -> S1 PreVote
    S1 <- S2  PreVote #1
    S1 grants S2 its pre-vote in term 4
    S1 -> S2  PreVote answer #1: term 4, granted
deliver S1 -> S2 PreVote answer
    S2 <- S1  PreVote answer #1
    S2 enters term 4
    S2 becomes candidate in term 4
    S2 writes term 4, vote for S2
    S2 -> S1  RequestVote #3: term 4, log ends at entry 2 of term 2
    S2 -> S3  RequestVote #4: term 4, log ends at entry 2 of term 2
deliver S2 -> S1 RequestVote
    S1 <- S2  RequestVote #3
    S1 steps down: saw a newer term
    S1 enters term 4
    S1 becomes follower in term 4
    S1 grants S2 its vote in term 4
    S1 writes term 4, vote for S2
    S1 -> S2  RequestVote answer #3: term 4, granted
expect S1 vote S2
deliver S1 -> S2 RequestVote answer
    S2 <- S1  RequestVote answer #3
    S2 knows S2 as leader of term 4
    S2 becomes leader of term 4
    S2 -> S1  AppendEntries #5: term 4, after entry 2 of term 2: entry 3 of term 4 (no-op); commit 0
    S2 -> S3  AppendEntries #6: term 4, after entry 2 of term 2: entry 3 of term 4 (no-op); commit 0
    S2 writes entry 3 of term 4 (no-op)
expect S2 leader
settle
    S3 <- S2  PreVote #2
    S3 grants S2 its pre-vote in term 4
    S3 -> S2  PreVote answer #2: term 4, granted
    S3 <- S2  RequestVote #4
    S3 enters term 4
    S3 grants S2 its vote in term 4
    S3 writes term 4, vote for S2
    S3 -> S2  RequestVote answer #4: term 4, granted
    S1 <- S2  AppendEntries #5
    S1 knows S2 as leader of term 4
    S1 -> S2  AppendEntries answer #5: term 4, mismatch: has term 1 from 1 on
    S3 <- S2  AppendEntries #6
    S3 knows S2 as leader of term 4
    S3 -> S2  AppendEntries answer #6: term 4, mismatch: has nothing from 2 on
    S2 <- S3  PreVote answer #2
    S2 <- S3  RequestVote answer #4
    S2 <- S1  AppendEntries answer #5
    S2 backs up: next for S1 is 2
    S2 -> S1  AppendEntries #7: term 4, after entry 1 of term 1: entries 2 of term 2, 3 of term 4 (no-op); commit 0
    S2 <- S3  AppendEntries answer #6
    S2 backs up: next for S3 is 2
    S2 -> S3  AppendEntries #8: term 4, after entry 1 of term 1: entries 2 of term 2, 3 of term 4 (no-op); commit 0
    S1 <- S2  AppendEntries #7
    S1 removes 2 conflicting entries from 2 on
    S1 writes a cut from 2 on; entries 2 of term 2, 3 of term 4 (no-op)
    S1 -> S2  AppendEntries answer #7: term 4, match 3
    S3 <- S2  AppendEntries #8
    S3 writes entries 2 of term 2, 3 of term 4 (no-op)
    S3 -> S2  AppendEntries answer #8: term 4, match 3
    S2 <- S1  AppendEntries answer #7
    S2 commits up to 3
    S2 applies entries 1 of term 1, 2 of term 2, 3 of term 4 (no-op)
    S2 <- S3  AppendEntries answer #8
expect S1 S2 S3 log 1 2 4
