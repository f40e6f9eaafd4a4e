story: What restarts the election timer, and what does not
paper: Figure 2, Followers; §5.2
traps: A19

# An election timeout is ten to twenty ticks. Each scene lets S2 wait for nine, brings it a message, and
# counts how long it goes on waiting: less than ten ticks if the timer was left alone.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
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
timeout S2
    S2 times out
    S2 becomes pre-candidate in term 1
    S2 -> S1  PreVote #1: for term 2, log ends at entry 1 of term 1
    S2 -> S3  PreVote #2: for term 2, log ends at entry 1 of term 1
    S2 had waited for 9 ticks

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
timeout S2
    S2 times out
    S2 becomes pre-candidate in term 2
    S2 -> S1  PreVote #3: for term 3, log ends at entry 1 of term 1
    S2 -> S3  PreVote #4: for term 3, log ends at entry 1 of term 1
    S2 had waited for 8 ticks

scene this term's leader does
quietly drop all
tick S3 2
    S3 -> S1  AppendEntries #9: term 2, after entry 1 of term 1: no entries; commit 1
    S3 -> S2  AppendEntries #10: term 2, after entry 1 of term 1: no entries; commit 1
deliver S3 -> S2 heartbeat
    S2 <- S3  AppendEntries #10
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
timeout S2
    S2 times out
    S2 becomes pre-candidate in term 2
    S2 -> S1  PreVote #5: for term 3, log ends at entry 1 of term 1
    S2 -> S3  PreVote #6: for term 3, log ends at entry 1 of term 1
    S2 had waited for 20 ticks
