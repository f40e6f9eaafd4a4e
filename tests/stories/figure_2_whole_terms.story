story: A follower with a foreign history catches up by whole terms
paper: Figure 2, AppendEntries; §5.3, last paragraphs

# S3 followed leaders of terms 2 and 3 that nobody else heard of. S1 and S2 share the history of term 4.
# S1 comes to power in term 5 and must find where its log and that of S3 part ways.

servers 3
log S1 1 1 1 4 4 4
log S2 1 1 1 4 4 4
log S3 1 2 2 3 3 3 3
quietly elect S1 by S2
    S1 becomes leader of term 5
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #5
    S2 knows S1 as leader of term 5
    S2 writes entry 7 of term 5 (no-op)
    S2 -> S1  AppendEntries answer #5: term 5, match 7
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #5
    S1 commits up to 7
    S1 applies entries 1-3 of term 1, 4-6 of term 4, 7 of term 5 (no-op)
expect S1 commit 7

# The first mismatch takes the whole term 3 away, the second the whole term 2.
deliver S1 -> S3 AppendEntries
    S3 <- S1  AppendEntries #6
    S3 enters term 5
    S3 knows S1 as leader of term 5
    S3 writes term 5, no vote
    S3 -> S1  AppendEntries answer #6: term 5, mismatch: has term 3 from 4 on
deliver S3 -> S1 AppendEntries answer
    S1 <- S3  AppendEntries answer #6
    S1 backs up: next for S3 is 4
    S1 -> S3  AppendEntries #7: term 5, after entry 3 of term 1: entries 4-6 of term 4, 7 of term 5 (no-op); commit 7
deliver S1 -> S3 AppendEntries
    S3 <- S1  AppendEntries #7
    S3 -> S1  AppendEntries answer #7: term 5, mismatch: has term 2 from 2 on
deliver S3 -> S1 AppendEntries answer
    S1 <- S3  AppendEntries answer #7
    S1 backs up: next for S3 is 2
    S1 -> S3  AppendEntries #8: term 5, after entry 1 of term 1: entries 2-3 of term 1, 4-6 of term 4, 7 of term 5 (no-op); commit 7

# Entry 1 is common. What S3 has behind it goes, and the leader's entries come in one message.
deliver S1 -> S3 AppendEntries
    S3 <- S1  AppendEntries #8
    S3 removes 6 conflicting entries from 2 on
    S3 commits up to 7
    S3 writes a cut from 2 on; entries 2-3 of term 1, 4-6 of term 4, 7 of term 5 (no-op)
    S3 -> S1  AppendEntries answer #8: term 5, match 7
    S3 applies entries 1-3 of term 1, 4-6 of term 4, 7 of term 5 (no-op)
deliver S3 -> S1 AppendEntries answer
    S1 <- S3  AppendEntries answer #8
expect S3 log 1 1 1 4 4 4 5
expect match S3 at S1 7
