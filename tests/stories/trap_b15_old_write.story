story: An old write that finishes late vouches for nothing that replaced it
paper: §5.3; dissertation §10.2.1
traps: B15

# S3 leads term 1 and gives S2 an entry 2. Before the disk of S2 has it, S1 leads term 2 and replaces it. Then
# the first write finishes.

servers 5
quietly elect S3 by S1 S2
    S3 becomes leader of term 1
quietly run 2
    S3 commits up to 1
    S1 commits up to 1
    S2 commits up to 1
    S4 commits up to 1
    S5 commits up to 1
hold disk S2
quietly propose S3 lost
deliver S3 -> S2 AppendEntries
    S2 <- S3  AppendEntries #18
    S2 asks its disk for entry 2 of term 1 (lost)
quietly drop all
crash S3
    S3 crashes

# S1 leads term 2 with the votes of S4 and S5. A heartbeat brings S2 the term, a message the entry. The disk
# of S2 has three writes to do.
quietly elect S1 by S4 S5
    S1 becomes leader of term 2
tick S1 2
    S1 -> S2  AppendEntries #13: term 2, after entry 1 of term 1: no entries; commit 1
    S1 -> S3  AppendEntries #14: term 2, after entry 1 of term 1: no entries; commit 1
    S1 -> S4  AppendEntries #15: term 2, after entry 1 of term 1: no entries; commit 1
    S1 -> S5  AppendEntries #16: term 2, after entry 1 of term 1: no entries; commit 1
deliver S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #13
    S2 enters term 2
    S2 knows S1 as leader of term 2
    S2 asks its disk for term 2, no vote
duplicate S1 -> S2 entries
deliver oldest S1 -> S2 entries
    S2 <- S1  AppendEntries #9
    S2 removes 1 conflicting entry from 2 on
    S2 asks its disk for a cut from 2 on; entry 2 of term 2 (no-op)
expect S2 log 1 2

# Two of them finish: the lost entry, and the term. Log and disk both have an entry 2 now.
persist S2 2
    S2 has on disk entry 2 of term 1 (lost)
    S2 -> S3  AppendEntries answer #18: term 1, match 2
    S2 has on disk term 2, no vote
    S2 -> S1  AppendEntries answer #13: term 2, match 1
expect S2 disk 1 1

# The call runs out of time, and a heartbeat asks about entry 2. The right answer is 1.
fail S1 -> S2 entries
    S1 -x S2  AppendEntries #9 fails
tick S1 2
    S1 -> S2  AppendEntries #17: term 2, after entry 2 of term 2: no entries; commit 1
    S1 -> S3  AppendEntries #18: term 2, after entry 1 of term 1: no entries; commit 1
    S1 -> S4  AppendEntries #19: term 2, after entry 1 of term 1: no entries; commit 1
    S1 -> S5  AppendEntries #20: term 2, after entry 1 of term 1: no entries; commit 1
deliver newest S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #17
    S2 -> S1  AppendEntries answer #17: term 2, match 1
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #13
    S1 <- S2  AppendEntries answer #17
expect match S2 at S1 1

# The third write brings the entry of S1.
persist S2
    S2 has on disk a cut from 2 on; entry 2 of term 2 (no-op)
    S2 -> S1  AppendEntries answer #9: term 2, match 2
expect S2 disk 1 2
tick S1 2
    S1 -> S2  AppendEntries #21: term 2, after entry 2 of term 2: no entries; commit 1
    S1 -> S3  AppendEntries #22: term 2, after entry 1 of term 1: no entries; commit 1
    S1 -> S4  AppendEntries #23: term 2, after entry 1 of term 1: no entries; commit 1
    S1 -> S5  AppendEntries #24: term 2, after entry 1 of term 1: no entries; commit 1
deliver newest S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #21
    S2 -> S1  AppendEntries answer #21: term 2, match 2
deliver newest S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #21
expect match S2 at S1 2
