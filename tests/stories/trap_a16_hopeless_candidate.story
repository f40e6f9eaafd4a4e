story: A candidate that cannot win does not go on raising the term
paper: dissertation §9.6
traps: A16

# S3 lacks an entry that S1 and S2 hold. However often it loses patience, it asks first, is denied, and
# stays in its term.

servers 3
log S1 1 1
log S2 1 1
log S3 1
timeout S3
    S3 times out
    S3 becomes pre-candidate in term 1
    S3 -> S1  PreVote #1: for term 2, log ends at entry 1 of term 1
    S3 -> S2  PreVote #2: for term 2, log ends at entry 1 of term 1
    S3 had waited for 11 ticks
settle
    S1 <- S3  PreVote #1
    S1 denies S3 its pre-vote in term 2: that log is not as up-to-date
    S1 -> S3  PreVote answer #1: term 1, denied
    S2 <- S3  PreVote #2
    S2 denies S3 its pre-vote in term 2: that log is not as up-to-date
    S2 -> S3  PreVote answer #2: term 1, denied
    S3 <- S1  PreVote answer #1
    S3 <- S2  PreVote answer #2
timeout S3
    S3 times out
    S3 gives up its pre-vote for term 2
    S3 -> S1  PreVote #3: for term 2, log ends at entry 1 of term 1
    S3 -> S2  PreVote #4: for term 2, log ends at entry 1 of term 1
    S3 had waited for 13 ticks
settle
    S1 <- S3  PreVote #3
    S1 denies S3 its pre-vote in term 2: that log is not as up-to-date
    S1 -> S3  PreVote answer #3: term 1, denied
    S2 <- S3  PreVote #4
    S2 denies S3 its pre-vote in term 2: that log is not as up-to-date
    S2 -> S3  PreVote answer #4: term 1, denied
    S3 <- S1  PreVote answer #3
    S3 <- S2  PreVote answer #4
expect S3 pre-candidate
expect S1 S2 S3 term 1

# S1 could win, but its questions are lost. Even a candidate asks again before it raises the term again.
timeout S1
    S1 times out
    S1 becomes pre-candidate in term 1
    S1 -> S2  PreVote #1: for term 2, log ends at entry 2 of term 1
    S1 -> S3  PreVote #2: for term 2, log ends at entry 2 of term 1
    S1 had waited for 10 ticks
deliver S1 -> S2 PreVote
    S2 <- S1  PreVote #1
    S2 grants S1 its pre-vote in term 2
    S2 -> S1  PreVote answer #1: term 2, granted
deliver S2 -> S1 PreVote answer
    S1 <- S2  PreVote answer #1
    S1 enters term 2
    S1 becomes candidate in term 2
    S1 writes term 2, vote for S1
    S1 -> S2  RequestVote #3: term 2, log ends at entry 2 of term 1
    S1 -> S3  RequestVote #4: term 2, log ends at entry 2 of term 1
expect S1 candidate
expect S1 term 2
drop all
    S1 -x S3  PreVote #2 is lost
    S1 -x S2  RequestVote #3 is lost
    S1 -x S3  RequestVote #4 is lost
timeout S1
    S1 times out
    S1 gives up its election for term 2
    S1 becomes pre-candidate in term 2
    S1 -> S2  PreVote #5: for term 3, log ends at entry 2 of term 1
    S1 -> S3  PreVote #6: for term 3, log ends at entry 2 of term 1
    S1 had waited for 12 ticks
expect S1 pre-candidate
expect S1 term 2
