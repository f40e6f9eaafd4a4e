story: What replaced an entry is not on disk because the entry was
paper: §5.3; dissertation §10.2.1
traps: B14

# S2 holds entries 2 and 3 of term 1, durably. S1 leads term 2 and replaces them. The disk of S2 is slow; the
# call runs out of time and S1 asks by heartbeat how far S2 is.

servers 3
log S1 1
log S2 1 1 1
log S3 1
quietly elect S1 by S3
    S1 becomes leader of term 2
crash S3
    S3 crashes

# A heartbeat tells S2 of term 2, and the new term is on disk before the disk becomes slow.
tick S1 2
    S1 -> S2  AppendEntries #7: term 2, after entry 1 of term 1: no entries; commit 0
    S1 -> S3  AppendEntries #8: term 2, after entry 1 of term 1: no entries; commit 0
deliver S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #7
    S2 enters term 2
    S2 knows S1 as leader of term 2
    S2 writes term 2, no vote
    S2 -> S1  AppendEntries answer #7: term 2, match 1
hold disk S2
duplicate S1 -> S2 entries
deliver oldest S1 -> S2 entries
    S2 <- S1  AppendEntries #5
    S2 removes 2 conflicting entries from 2 on
    S2 asks its disk for a cut from 2 on; entry 2 of term 2 (no-op)
expect S2 log 1 2
expect S2 disk 1 1 1

# The copy stands for the call that runs out of time. Now the heartbeat names entry 2; S2 had one on disk,
# but not this one.
fail S1 -> S2 entries
    S1 -x S2  AppendEntries #5 fails
tick S1 2
    S1 -> S2  AppendEntries #9: term 2, after entry 2 of term 2: no entries; commit 0
    S1 -> S3  AppendEntries #10: term 2, after entry 1 of term 1: no entries; commit 0
deliver S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #9
    S2 -> S1  AppendEntries answer #9: term 2, match 1
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #7
    S1 <- S2  AppendEntries answer #9
expect match S2 at S1 1
expect S1 commit 0

# Once the disk has the new entry, S2 may say so.
persist S2
    S2 has on disk a cut from 2 on; entry 2 of term 2 (no-op)
    S2 -> S1  AppendEntries answer #5: term 2, match 2
expect S2 disk 1 2
tick S1 2
    S1 -> S2  AppendEntries #11: term 2, after entry 2 of term 2: no entries; commit 0
    S1 -> S3  AppendEntries #12: term 2, after entry 1 of term 1: no entries; commit 0
deliver S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #11
    S2 -> S1  AppendEntries answer #11: term 2, match 2
deliver newest S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #11
    S1 commits up to 2
    S1 applies entries 1 of term 1, 2 of term 2 (no-op)
expect match S2 at S1 2
expect S1 commit 2
