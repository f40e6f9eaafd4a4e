story: Two candidates, four servers, and no majority
paper: §5.2; Figure 2, Candidates
traps: A7

# S1 and S2 lose patience at the same time and each gets one vote beside its own. Of four servers three
# are a majority, so nobody leads in term 1. The first that loses patience again wins term 2.

servers 4
timeout S1
    S1 times out
    S1 becomes pre-candidate in term 0
    S1 -> S2  PreVote #1: for term 1, log ends at the start
    S1 -> S3  PreVote #2: for term 1, log ends at the start
    S1 -> S4  PreVote #3: for term 1, log ends at the start
    S1 had waited for 10 ticks
timeout S2
    S2 times out
    S2 becomes pre-candidate in term 0
    S2 -> S1  PreVote #1: for term 1, log ends at the start
    S2 -> S3  PreVote #2: for term 1, log ends at the start
    S2 -> S4  PreVote #3: for term 1, log ends at the start
    S2 had waited for 19 ticks
quietly deliver PreVote
quietly deliver PreVote answer
expect S1 S2 candidate
expect S1 S2 term 1

deliver S1 -> S3 RequestVote
    S3 <- S1  RequestVote #5
    S3 enters term 1
    S3 grants S1 its vote in term 1
    S3 writes term 1, vote for S1
    S3 -> S1  RequestVote answer #5: term 1, granted
deliver S2 -> S4 RequestVote
    S4 <- S2  RequestVote #6
    S4 enters term 1
    S4 grants S2 its vote in term 1
    S4 writes term 1, vote for S2
    S4 -> S2  RequestVote answer #6: term 1, granted
deliver S3 S4 -> any RequestVote answer
    S1 <- S3  RequestVote answer #5
    S2 <- S4  RequestVote answer #6
deliver RequestVote
    S2 <- S1  RequestVote #4
    S2 denies S1 its vote in term 1: its vote of this term is given
    S2 -> S1  RequestVote answer #4: term 1, denied
    S4 <- S1  RequestVote #6
    S4 denies S1 its vote in term 1: its vote of this term is given
    S4 -> S1  RequestVote answer #6: term 1, denied
    S1 <- S2  RequestVote #4
    S1 denies S2 its vote in term 1: its vote of this term is given
    S1 -> S2  RequestVote answer #4: term 1, denied
    S3 <- S2  RequestVote #5
    S3 denies S2 its vote in term 1: its vote of this term is given
    S3 -> S2  RequestVote answer #5: term 1, denied
deliver RequestVote answer
    S1 <- S2  RequestVote answer #4
    S1 <- S4  RequestVote answer #6
    S2 <- S1  RequestVote answer #4
    S2 <- S3  RequestVote answer #5
expect S1 S2 candidate
expect no leader

timeout S2
    S2 times out
    S2 gives up its election for term 1
    S2 becomes pre-candidate in term 1
    S2 -> S1  PreVote #7: for term 2, log ends at the start
    S2 -> S3  PreVote #8: for term 2, log ends at the start
    S2 -> S4  PreVote #9: for term 2, log ends at the start
    S2 had waited for 12 ticks
deliver S2 -> any PreVote
    S1 <- S2  PreVote #7
    S1 grants S2 its pre-vote in term 2
    S1 -> S2  PreVote answer #7: term 2, granted
    S3 <- S2  PreVote #8
    S3 grants S2 its pre-vote in term 2
    S3 -> S2  PreVote answer #8: term 2, granted
    S4 <- S2  PreVote #9
    S4 grants S2 its pre-vote in term 2
    S4 -> S2  PreVote answer #9: term 2, granted
deliver any -> S2 PreVote answer
    S2 <- S1  PreVote answer #7
    S2 <- S3  PreVote answer #8
    S2 enters term 2
    S2 becomes candidate in term 2
    S2 writes term 2, vote for S2
    S2 -> S1  RequestVote #10: term 2, log ends at the start
    S2 -> S3  RequestVote #11: term 2, log ends at the start
    S2 -> S4  RequestVote #12: term 2, log ends at the start
    S2 <- S4  PreVote answer #9
expect S2 candidate
expect S2 term 2
deliver S2 -> any RequestVote
    S1 <- S2  RequestVote #10
    S1 steps down: saw a newer term
    S1 enters term 2
    S1 becomes follower in term 2
    S1 grants S2 its vote in term 2
    S1 writes term 2, vote for S2
    S1 -> S2  RequestVote answer #10: term 2, granted
    S3 <- S2  RequestVote #11
    S3 enters term 2
    S3 grants S2 its vote in term 2
    S3 writes term 2, vote for S2
    S3 -> S2  RequestVote answer #11: term 2, granted
    S4 <- S2  RequestVote #12
    S4 enters term 2
    S4 grants S2 its vote in term 2
    S4 writes term 2, vote for S2
    S4 -> S2  RequestVote answer #12: term 2, granted
deliver any -> S2 RequestVote answer
    S2 <- S1  RequestVote answer #10
    S2 <- S3  RequestVote answer #11
    S2 knows S2 as leader of term 2
    S2 becomes leader of term 2
    S2 -> S1  AppendEntries #13: term 2, after the start: entry 1 of term 2 (no-op); commit 0
    S2 -> S3  AppendEntries #14: term 2, after the start: entry 1 of term 2 (no-op); commit 0
    S2 -> S4  AppendEntries #15: term 2, after the start: entry 1 of term 2 (no-op); commit 0
    S2 writes entry 1 of term 2 (no-op)
    S2 <- S4  RequestVote answer #12
expect S2 leader
expect S1 follower
