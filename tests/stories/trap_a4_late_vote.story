story: A vote that comes late counts in no other term
paper: §5.2
traps: A4

# Five servers: S1 needs two votes beside its own. S2 votes in term 1, S3 in term 2. Two votes, but not of
# one term.

servers 5
timeout S1
    S1 times out
    S1 becomes pre-candidate in term 0
    S1 -> S2  PreVote #1: for term 1, log ends at the start
    S1 -> S3  PreVote #2: for term 1, log ends at the start
    S1 -> S4  PreVote #3: for term 1, log ends at the start
    S1 -> S5  PreVote #4: for term 1, log ends at the start
    S1 had waited for 10 ticks
deliver S1 -> S2 S3 PreVote
    S2 <- S1  PreVote #1
    S2 grants S1 its pre-vote in term 1
    S2 -> S1  PreVote answer #1: term 1, granted
    S3 <- S1  PreVote #2
    S3 grants S1 its pre-vote in term 1
    S3 -> S1  PreVote answer #2: term 1, granted
deliver any -> S1 PreVote answer
    S1 <- S2  PreVote answer #1
    S1 <- S3  PreVote answer #2
    S1 enters term 1
    S1 becomes candidate in term 1
    S1 writes term 1, vote for S1
    S1 -> S2  RequestVote #5: term 1, log ends at the start
    S1 -> S3  RequestVote #6: term 1, log ends at the start
    S1 -> S4  RequestVote #7: term 1, log ends at the start
    S1 -> S5  RequestVote #8: term 1, log ends at the start
deliver S1 -> S2 RequestVote
    S2 <- S1  RequestVote #5
    S2 enters term 1
    S2 grants S1 its vote in term 1
    S2 writes term 1, vote for S1
    S2 -> S1  RequestVote answer #5: term 1, granted
drop S1 -> any
    S1 -x S4  PreVote #3 is lost
    S1 -x S5  PreVote #4 is lost
    S1 -x S3  RequestVote #6 is lost
    S1 -x S4  RequestVote #7 is lost
    S1 -x S5  RequestVote #8 is lost
expect message S2 -> S1 RequestVote answer

# The answer of S2 is slow. S1 gives up, asks again, and is a candidate of term 2.
timeout S1
    S1 times out
    S1 gives up its election for term 1
    S1 becomes pre-candidate in term 1
    S1 -> S2  PreVote #9: for term 2, log ends at the start
    S1 -> S3  PreVote #10: for term 2, log ends at the start
    S1 -> S4  PreVote #11: for term 2, log ends at the start
    S1 -> S5  PreVote #12: for term 2, log ends at the start
    S1 had waited for 12 ticks
deliver S1 -> S2 S3 PreVote
    S2 <- S1  PreVote #9
    S2 grants S1 its pre-vote in term 2
    S2 -> S1  PreVote answer #9: term 2, granted
    S3 <- S1  PreVote #10
    S3 grants S1 its pre-vote in term 2
    S3 -> S1  PreVote answer #10: term 2, granted
deliver S2 S3 -> S1 PreVote answer
    S1 <- S2  PreVote answer #9
    S1 <- S3  PreVote answer #10
    S1 enters term 2
    S1 becomes candidate in term 2
    S1 writes term 2, vote for S1
    S1 -> S2  RequestVote #13: term 2, log ends at the start
    S1 -> S3  RequestVote #14: term 2, log ends at the start
    S1 -> S4  RequestVote #15: term 2, log ends at the start
    S1 -> S5  RequestVote #16: term 2, log ends at the start
expect S1 candidate
expect S1 term 2
deliver S1 -> S3 RequestVote
    S3 <- S1  RequestVote #14
    S3 enters term 2
    S3 grants S1 its vote in term 2
    S3 writes term 2, vote for S1
    S3 -> S1  RequestVote answer #14: term 2, granted
deliver S3 -> S1 RequestVote answer
    S1 <- S3  RequestVote answer #14

deliver S2 -> S1 RequestVote answer
    S1 <- S2  RequestVote answer #5
expect S1 candidate
expect no leader
