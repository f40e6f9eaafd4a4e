story: A vote is told only once it is on disk, so no crash takes it back
paper: Figure 2, persistent state; §5.2
traps: A1

# S1 and S3 ask for votes in the same term. S2 votes for S1; its disk is slow.

servers 3
timeout S1
    S1 times out
    S1 becomes pre-candidate in term 0
    S1 -> S2  PreVote #1: for term 1, log ends at the start
    S1 -> S3  PreVote #2: for term 1, log ends at the start
    S1 had waited for 10 ticks
timeout S3
    S3 times out
    S3 becomes pre-candidate in term 0
    S3 -> S1  PreVote #1: for term 1, log ends at the start
    S3 -> S2  PreVote #2: for term 1, log ends at the start
    S3 had waited for 11 ticks
quietly deliver PreVote
quietly deliver PreVote answer
expect S1 S3 candidate

hold disk S2
deliver S1 -> S2 RequestVote
    S2 <- S1  RequestVote #3
    S2 enters term 1
    S2 grants S1 its vote in term 1
    S2 asks its disk for term 1, vote for S1
expect no message S2 -> S1 RequestVote answer

# A crash now would be harmless: nobody was told. This one comes after the answer left.
persist S2
    S2 has on disk term 1, vote for S1
    S2 -> S1  RequestVote answer #3: term 1, granted
expect message S2 -> S1 RequestVote answer
crash S2
    S2 crashes
restart S2
    S2 restarts in term 1, vote for S1, log: none
expect S2 vote S1

# S3's question arrives after the restart. Were the vote forgotten, term 1 would have two leaders.
deliver S3 -> S2 RequestVote
    S2 <- S3  RequestVote #4
    S2 denies S3 its vote in term 1: its vote of this term is given
    S2 -> S3  RequestVote answer #4: term 1, denied
deliver S2 -> S3 RequestVote answer
    S3 <- S2  RequestVote answer #4
expect S3 candidate
deliver S2 -> S1 RequestVote answer
    S1 <- S2  RequestVote answer #3
    S1 knows S1 as leader of term 1
    S1 becomes leader of term 1
    S1 -> S2  AppendEntries #5: term 1, after the start: entry 1 of term 1 (no-op); commit 0
    S1 -> S3  AppendEntries #6: term 1, after the start: entry 1 of term 1 (no-op); commit 0
    S1 writes entry 1 of term 1 (no-op)
expect S1 leader
