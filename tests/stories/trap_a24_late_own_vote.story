story: A vote for oneself that reaches the disk too late elects nobody
paper: §5.2; Figure 2, persistent state
traps: A24

# S1 is a candidate of term 1 whose own vote is on its way to a slow disk. It asks nobody before.

servers 3
hold disk S1
timeout S1
    S1 times out
    S1 becomes pre-candidate in term 0
    S1 -> S2  PreVote #1: for term 1, log ends at the start
    S1 -> S3  PreVote #2: for term 1, log ends at the start
    S1 had waited for 10 ticks
timeout S2
    S2 times out
    S2 becomes pre-candidate in term 0
    S2 -> S1  PreVote #1: for term 1, log ends at the start
    S2 -> S3  PreVote #2: for term 1, log ends at the start
    S2 had waited for 19 ticks
quietly deliver PreVote
quietly deliver PreVote answer
expect S1 S2 candidate
expect no message S1 -> any RequestVote

# S2 fails in term 1 and comes back with term 2. S1 follows and votes for it.
drop all
    S2 -x S1  RequestVote #3 is lost
    S2 -x S3  RequestVote #4 is lost
timeout S2
    S2 times out
    S2 gives up its election for term 1
    S2 becomes pre-candidate in term 1
    S2 -> S1  PreVote #5: for term 2, log ends at the start
    S2 -> S3  PreVote #6: for term 2, log ends at the start
    S2 had waited for 12 ticks
quietly deliver S2 -> S3 PreVote
quietly deliver S3 -> S2 PreVote answer
deliver S2 -> S1 RequestVote
    S1 <- S2  RequestVote #7
    S1 steps down: saw a newer term
    S1 enters term 2
    S1 becomes follower in term 2
    S1 grants S2 its vote in term 2
    S1 asks its disk for term 2, vote for S2
expect S1 follower
expect S1 term 2

# Now the disk finishes the vote of term 1. It counts for nothing, and asks for nothing that matters.
persist S1
    S1 has on disk term 1, vote for S1
    S1 -> S2  RequestVote #3: term 1, log ends at the start
    S1 -> S3  RequestVote #4: term 1, log ends at the start
expect S1 follower
persist S1
    S1 has on disk term 2, vote for S2
    S1 -> S2  RequestVote answer #7: term 2, granted
expect S1 vote S2
expect message S1 -> S2 RequestVote answer
