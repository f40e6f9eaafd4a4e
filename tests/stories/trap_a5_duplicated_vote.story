story: An answer that arrives twice is one vote
paper: §5.2
traps: A5

# Five servers: three votes elect. S1 has its own and that of S2, which the network delivers three times.

servers 5
timeout S1
    S1 times out
    S1 becomes pre-candidate in term 0
    S1 -> S2  PreVote #1: for term 1, log ends at the start
    S1 -> S3  PreVote #2: for term 1, log ends at the start
    S1 -> S4  PreVote #3: for term 1, log ends at the start
    S1 -> S5  PreVote #4: for term 1, log ends at the start
    S1 had waited for 10 ticks
deliver S1 -> S2 PreVote
    S2 <- S1  PreVote #1
    S2 grants S1 its pre-vote in term 1
    S2 -> S1  PreVote answer #1: term 1, granted
duplicate S2 -> S1 PreVote answer
duplicate oldest S2 -> S1 PreVote answer
deliver S2 -> S1 PreVote answer
    S1 <- S2  PreVote answer #1
    S1 <- S2  PreVote answer #1
    S1 <- S2  PreVote answer #1
expect S1 pre-candidate

deliver S1 -> S3 PreVote
    S3 <- S1  PreVote #2
    S3 grants S1 its pre-vote in term 1
    S3 -> S1  PreVote answer #2: term 1, granted
deliver S3 -> S1 PreVote answer
    S1 <- S3  PreVote answer #2
    S1 enters term 1
    S1 becomes candidate in term 1
    S1 writes term 1, vote for S1
    S1 -> S2  RequestVote #5: term 1, log ends at the start
    S1 -> S3  RequestVote #6: term 1, log ends at the start
    S1 -> S4  RequestVote #7: term 1, log ends at the start
    S1 -> S5  RequestVote #8: term 1, log ends at the start
expect S1 candidate

deliver S1 -> S2 RequestVote
    S2 <- S1  RequestVote #5
    S2 enters term 1
    S2 grants S1 its vote in term 1
    S2 writes term 1, vote for S1
    S2 -> S1  RequestVote answer #5: term 1, granted
duplicate S2 -> S1 RequestVote answer
duplicate oldest S2 -> S1 RequestVote answer
deliver S2 -> S1 RequestVote answer
    S1 <- S2  RequestVote answer #5
    S1 <- S2  RequestVote answer #5
    S1 <- S2  RequestVote answer #5
expect S1 candidate
expect no leader
