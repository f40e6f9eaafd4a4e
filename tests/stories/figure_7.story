story: The leader at the top of Figure 7 and the followers (a) to (f)
paper: Figure 7; §5.3

# S1 comes to power in term 8; S2 to S7 are the followers (a) to (f). Its no-op of term 8, entry 11, is
# what the figure does not draw. Each follower ends with exactly the leader's log, and the leader backs up
# at most once for each term in doubt.

servers 7
log S1 1 1 1 4 4 5 5 6 6 6
log S2 1 1 1 4 4 5 5 6 6
log S3 1 1 1 4
log S4 1 1 1 4 4 5 5 6 6 6 6
log S5 1 1 1 4 4 5 5 6 6 6 7 7
log S6 1 1 1 4 4 4 4
log S7 1 1 1 2 2 2 3 3 3 3 3
term S1 7

# (c) and (d) would not vote for it: their logs are more up-to-date.
quietly elect S1 by S2 S3 S6 S7
    S1 becomes leader of term 8
expect S1 term 8

scene (a) lacks an entry
settle among S1 S2
    S2 <- S1  AppendEntries #13
    S2 knows S1 as leader of term 8
    S2 -> S1  AppendEntries answer #13: term 8, mismatch: has nothing from 10 on
    S1 <- S2  AppendEntries answer #13
    S1 backs up: next for S2 is 10
    S1 -> S2  AppendEntries #19: term 8, after entry 9 of term 6: entries 10 of term 6, 11 of term 8 (no-op); commit 0
    S2 <- S1  AppendEntries #19
    S2 writes entries 10 of term 6, 11 of term 8 (no-op)
    S2 -> S1  AppendEntries answer #19: term 8, match 11
    S1 <- S2  AppendEntries answer #19
expect S2 log 1 1 1 4 4 5 5 6 6 6 8

scene (b) lacks many
settle among S1 S3
    S3 <- S1  AppendEntries #14
    S3 knows S1 as leader of term 8
    S3 -> S1  AppendEntries answer #14: term 8, mismatch: has nothing from 5 on
    S1 <- S3  AppendEntries answer #14
    S1 backs up: next for S3 is 5
    S1 -> S3  AppendEntries #20: term 8, after entry 4 of term 4: entries 5 of term 4, 6-7 of term 5, 8-10 of term 6, 11 of term 8 (no-op); commit 0
    S3 <- S1  AppendEntries #20
    S3 writes entries 5 of term 4, 6-7 of term 5, 8-10 of term 6, 11 of term 8 (no-op)
    S3 -> S1  AppendEntries answer #20: term 8, match 11
    S1 <- S3  AppendEntries answer #20
expect S3 log 1 1 1 4 4 5 5 6 6 6 8

scene (c) has an entry too many
settle among S1 S4
    S4 <- S1  AppendEntries #15
    S4 enters term 8
    S4 knows S1 as leader of term 8
    S4 removes 1 conflicting entry from 11 on
    S4 writes term 8, no vote; a cut from 11 on; entry 11 of term 8 (no-op)
    S4 -> S1  AppendEntries answer #15: term 8, match 11
    S1 <- S4  AppendEntries answer #15
    S1 commits up to 11
    S1 applies entries 1-3 of term 1, 4-5 of term 4, 6-7 of term 5, 8-10 of term 6, 11 of term 8 (no-op)
expect S4 log 1 1 1 4 4 5 5 6 6 6 8

scene (d) has two too many, of a later term
settle among S1 S5
    S5 <- S1  AppendEntries #16
    S5 enters term 8
    S5 knows S1 as leader of term 8
    S5 removes 2 conflicting entries from 11 on
    S5 writes term 8, no vote; a cut from 11 on; entry 11 of term 8 (no-op)
    S5 -> S1  AppendEntries answer #16: term 8, match 11
    S1 <- S5  AppendEntries answer #16
expect S5 log 1 1 1 4 4 5 5 6 6 6 8

scene (e) lacks some and has others
settle among S1 S6
    S6 <- S1  AppendEntries #17
    S6 knows S1 as leader of term 8
    S6 -> S1  AppendEntries answer #17: term 8, mismatch: has nothing from 8 on
    S1 <- S6  AppendEntries answer #17
    S1 backs up: next for S6 is 8
    S1 -> S6  AppendEntries #21: term 8, after entry 7 of term 5: entries 8-10 of term 6, 11 of term 8 (no-op); commit 11
    S6 <- S1  AppendEntries #21
    S6 -> S1  AppendEntries answer #21: term 8, mismatch: has term 4 from 4 on
    S1 <- S6  AppendEntries answer #21
    S1 backs up: next for S6 is 6
    S1 -> S6  AppendEntries #22: term 8, after entry 5 of term 4: entries 6-7 of term 5, 8-10 of term 6, 11 of term 8 (no-op); commit 11
    S6 <- S1  AppendEntries #22
    S6 removes 2 conflicting entries from 6 on
    S6 commits up to 11
    S6 writes a cut from 6 on; entries 6-7 of term 5, 8-10 of term 6, 11 of term 8 (no-op)
    S6 -> S1  AppendEntries answer #22: term 8, match 11
    S6 applies entries 1-3 of term 1, 4-5 of term 4, 6-7 of term 5, 8-10 of term 6, 11 of term 8 (no-op)
    S1 <- S6  AppendEntries answer #22
expect S6 log 1 1 1 4 4 5 5 6 6 6 8

scene (f) led twice itself and committed nothing
settle among S1 S7
    S7 <- S1  AppendEntries #18
    S7 knows S1 as leader of term 8
    S7 -> S1  AppendEntries answer #18: term 8, mismatch: has term 3 from 7 on
    S1 <- S7  AppendEntries answer #18
    S1 backs up: next for S7 is 7
    S1 -> S7  AppendEntries #23: term 8, after entry 6 of term 5: entries 7 of term 5, 8-10 of term 6, 11 of term 8 (no-op); commit 11
    S7 <- S1  AppendEntries #23
    S7 -> S1  AppendEntries answer #23: term 8, mismatch: has term 2 from 4 on
    S1 <- S7  AppendEntries answer #23
    S1 backs up: next for S7 is 4
    S1 -> S7  AppendEntries #24: term 8, after entry 3 of term 1: entries 4-5 of term 4, 6-7 of term 5, 8-10 of term 6, 11 of term 8 (no-op); commit 11
    S7 <- S1  AppendEntries #24
    S7 removes 8 conflicting entries from 4 on
    S7 commits up to 11
    S7 writes a cut from 4 on; entries 4-5 of term 4, 6-7 of term 5, 8-10 of term 6, 11 of term 8 (no-op)
    S7 -> S1  AppendEntries answer #24: term 8, match 11
    S7 applies entries 1-3 of term 1, 4-5 of term 4, 6-7 of term 5, 8-10 of term 6, 11 of term 8 (no-op)
    S1 <- S7  AppendEntries answer #24
expect S7 log 1 1 1 4 4 5 5 6 6 6 8
expect S1 commit 11
