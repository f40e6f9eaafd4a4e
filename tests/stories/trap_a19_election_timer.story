story: What restarts the election timer, and what does not
paper: Figure 2, Followers; §5.2
traps: A19

# An election timeout is ten to twenty ticks. Each scene lets S2 wait, brings it a message, and lets it
# wait for nine ticks more. A timer that was restarted does not run out in nine; one that was left alone does.

servers 3

scene a vote that is granted does
tick S2 15
timeout S1
    S1 times out
    S1 becomes pre-candidate in term 0
    S1 -> S2  PreVote #1: for term 1, log ends at the start
    S1 -> S3  PreVote #2: for term 1, log ends at the start
    S1 had waited for 10 ticks
quietly deliver S1 -> S2 PreVote
quietly deliver S2 -> S1 PreVote answer
deliver S1 -> S2 RequestVote
    S2 <- S1  RequestVote #3
    S2 enters term 1
    S2 grants S1 its vote in term 1
    S2 writes term 1, vote for S1
    S2 -> S1  RequestVote answer #3: term 1, granted
tick S2 9
expect S2 follower
quietly settle
    S1 becomes leader of term 1
    S1 commits up to 1
quietly run 2
    S2 commits up to 1
    S3 commits up to 1

scene a pre-vote that is denied does not
tick S2 9
timeout S3
    S3 times out
    S3 becomes pre-candidate in term 1
    S3 -> S1  PreVote #1: for term 2, log ends at entry 1 of term 1
    S3 -> S2  PreVote #2: for term 2, log ends at entry 1 of term 1
    S3 had waited for 15 ticks
deliver S3 -> S2 PreVote
    S2 <- S3  PreVote #2
    S2 denies S3 its pre-vote in term 2: a leader is near
    S2 -> S3  PreVote answer #2: term 1, denied
tick S2 9
    S2 times out
    S2 becomes pre-candidate in term 1
    S2 -> S1  PreVote #1: for term 2, log ends at entry 1 of term 1
    S2 -> S3  PreVote #2: for term 2, log ends at entry 1 of term 1
expect S2 pre-candidate

scene a leader of an earlier term does not
tick S1 2
    S1 -> S2  AppendEntries #9: term 1, after entry 1 of term 1: no entries; commit 1
    S1 -> S3  AppendEntries #10: term 1, after entry 1 of term 1: no entries; commit 1
quietly elect S3 by S2
    S3 becomes leader of term 2
tick S2 9
deliver S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #9
    S2 -> S1  AppendEntries answer #9: term 2, refused
tick S2 9
    S2 times out
    S2 becomes pre-candidate in term 2
    S2 -> S1  PreVote #3: for term 3, log ends at entry 1 of term 1
    S2 -> S3  PreVote #4: for term 3, log ends at entry 1 of term 1
expect S2 pre-candidate

scene this term's leader does
quietly drop all
tick S3 2
    S3 -> S1  AppendEntries #9: term 2, after entry 1 of term 1: no entries; commit 1
    S3 -> S2  AppendEntries #10: term 2, after entry 1 of term 1: no entries; commit 1
deliver S3 -> S2 heartbeat
    S2 <- S3  AppendEntries #10
    S2 steps down: found the leader
    S2 becomes follower in term 2
    S2 knows S3 as leader of term 2
    S2 -> S3  AppendEntries answer #10: term 2, match 1
tick S2 9
tick S3 2
    S3 -> S1  AppendEntries #11: term 2, after entry 1 of term 1: no entries; commit 1
    S3 -> S2  AppendEntries #12: term 2, after entry 1 of term 1: no entries; commit 1
deliver S3 -> S2 heartbeat
    S2 <- S3  AppendEntries #12
    S2 -> S3  AppendEntries answer #12: term 2, match 1
tick S2 9
expect S2 follower
