story: Figure 8, ending (e): an entry of the leader's own term commits all before it
paper: Figure 8; §5.4.2
traps: B1 B2

# The same beginning as (a) to (c), but S1 brings the entry of its own term 4 to a majority before it
# crashes. That commits entry 2 as well, and S5 can no longer win.

servers 5
option append_bytes_max 1
log S1 1
log S2 1
log S3 1
log S4 1
log S5 1
quietly elect S1 by S2 S3
    S1 becomes leader of term 2
quietly deliver S1 -> S2 AppendEntries
quietly drop all
crash S1
    S1 crashes
quietly elect S5 by S3 S4
    S5 becomes leader of term 3
quietly drop all
crash S5
    S5 crashes
restart S1
    S1 restarts in term 2, vote for S1, log: 1 2
quietly elect S1 by S2 S3 S4
    S1 becomes leader of term 4
quietly drop S1 -> S4 S5

scene (c) entry 2 of term 2 is on S1, S2 and S3, and not committed
quietly deliver S1 -> S3 AppendEntries
quietly deliver S3 -> S1 AppendEntries answer
quietly deliver S1 -> S3 AppendEntries
quietly deliver S3 -> S1 AppendEntries answer
expect S2 S3 log 1 2
expect S1 commit 0

scene (e) entry 3 of term 4 reaches a majority
deliver S1 -> S2 S3 AppendEntries
    S2 <- S1  AppendEntries #13
    S2 knows S1 as leader of term 4
    S2 writes entry 3 of term 4 (no-op)
    S2 -> S1  AppendEntries answer #13: term 4, match 3
    S3 <- S1  AppendEntries #18
    S3 writes entry 3 of term 4 (no-op)
    S3 -> S1  AppendEntries answer #18: term 4, match 3
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #13
expect S1 commit 0
deliver S3 -> S1 AppendEntries answer
    S1 <- S3  AppendEntries answer #18
    S1 commits up to 3
    S1 applies entries 1 of term 1, 2 of term 2 (no-op), 3 of term 4 (no-op)
expect S1 commit 3

scene S5 cannot win: the logs of S2 and S3 end with a later term
crash S1
    S1 crashes
restart S5
    S5 restarts in term 3, vote for S5, log: 1 3
quietly tick S2 S3 10

# First it learns that its term is old, then that its log is.
timeout S5
    S5 times out
    S5 becomes pre-candidate in term 3
    S5 -> S1  PreVote #1: for term 4, log ends at entry 2 of term 3
    S5 -> S2  PreVote #2: for term 4, log ends at entry 2 of term 3
    S5 -> S3  PreVote #3: for term 4, log ends at entry 2 of term 3
    S5 -> S4  PreVote #4: for term 4, log ends at entry 2 of term 3
    S5 had waited for 13 ticks
deliver S5 -> S2 S3 PreVote
    S2 <- S5  PreVote #2
    S2 denies S5 its pre-vote in term 4: its term is no newer
    S2 -> S5  PreVote answer #2: term 4, denied
    S3 <- S5  PreVote #3
    S3 denies S5 its pre-vote in term 4: its term is no newer
    S3 -> S5  PreVote answer #3: term 4, denied
deliver any -> S5 PreVote answer
    S5 <- S2  PreVote answer #2
    S5 steps down: saw a newer term
    S5 enters term 4
    S5 becomes follower in term 4
    S5 writes term 4, no vote
    S5 <- S3  PreVote answer #3
timeout S5
    S5 times out
    S5 becomes pre-candidate in term 4
    S5 -> S1  PreVote #5: for term 5, log ends at entry 2 of term 3
    S5 -> S2  PreVote #6: for term 5, log ends at entry 2 of term 3
    S5 -> S3  PreVote #7: for term 5, log ends at entry 2 of term 3
    S5 -> S4  PreVote #8: for term 5, log ends at entry 2 of term 3
    S5 had waited for 19 ticks
deliver S5 -> S2 S3 PreVote
    S2 <- S5  PreVote #6
    S2 denies S5 its pre-vote in term 5: that log is not as up-to-date
    S2 -> S5  PreVote answer #6: term 4, denied
    S3 <- S5  PreVote #7
    S3 denies S5 its pre-vote in term 5: that log is not as up-to-date
    S3 -> S5  PreVote answer #7: term 4, denied
deliver any -> S5 PreVote answer
    S5 <- S2  PreVote answer #6
    S5 <- S3  PreVote answer #7
expect S5 pre-candidate
