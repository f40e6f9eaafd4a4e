story: A pre-vote is granted in the term that was asked for
paper: dissertation §9.6
traps: A9

# S1 was cut off and is ahead in terms; S2 is behind, S3 is down. A grant that named S2's own old term
# would look like an answer to another question, and the two would never have a leader.

servers 3
term S1 5
term S2 3
crash S3
    S3 crashes

timeout S1
    S1 times out
    S1 becomes pre-candidate in term 5
    S1 -> S2  PreVote #1: for term 6, log ends at the start
    S1 -> S3  PreVote #2: for term 6, log ends at the start
    S1 had waited for 10 ticks
deliver S1 -> S2 PreVote
    S2 <- S1  PreVote #1
    S2 grants S1 its pre-vote in term 6
    S2 -> S1  PreVote answer #1: term 6, granted
deliver S2 -> S1 PreVote answer
    S1 <- S2  PreVote answer #1
    S1 enters term 6
    S1 becomes candidate in term 6
    S1 writes term 6, vote for S1
    S1 -> S2  RequestVote #3: term 6, log ends at the start
    S1 -> S3  RequestVote #4: term 6, log ends at the start
expect S1 candidate
expect S1 term 6
deliver S1 -> S2 RequestVote
    S2 <- S1  RequestVote #3
    S2 enters term 6
    S2 grants S1 its vote in term 6
    S2 writes term 6, vote for S1
    S2 -> S1  RequestVote answer #3: term 6, granted
deliver S2 -> S1 RequestVote answer
    S1 <- S2  RequestVote answer #3
    S1 knows S1 as leader of term 6
    S1 becomes leader of term 6
    S1 -> S2  AppendEntries #5: term 6, after the start: entry 1 of term 6 (no-op); commit 0
    S1 -> S3  AppendEntries #6: term 6, after the start: entry 1 of term 6 (no-op); commit 0
    S1 writes entry 1 of term 6 (no-op)
expect S1 leader
