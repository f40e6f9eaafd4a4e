story: A snapshot that contradicts the log takes all of it away
paper: Figure 13, receiver steps 6 and 7
traps: C2

# S3 led term 1 and kept entries 2 to 6, which nobody else has. The others went on without it: S1 leads
# term 3, and what is committed at those places was trimmed. The snapshot ends in the middle of the log of
# S3: what follows there is another history, though it has the right numbers.

servers 3
option compaction_entries 2
option tail_entries 0
log S3 1 1 1 1 1 1
log S1 1 2 2 2
log S2 1 2 2 2
cut S1 S2 | S3
quietly elect S1 by S2
    S1 becomes leader of term 3
quietly run 3
    S1 commits up to 5
    S2 commits up to 5
expect S1 base 5
expect S3 log 1 1 1 1 1 1

heal
tick S1 2
    S1 -> S2  AppendEntries #9: term 3, after entry 5 of term 3: no entries; commit 5
    S1 -> S3  AppendEntries #10: term 3, after entry 5 of term 3: no entries; commit 5
deliver S1 -> S3 heartbeat
    S3 <- S1  AppendEntries #10
    S3 enters term 3
    S3 knows S1 as leader of term 3
    S3 writes term 3, no vote
    S3 -> S1  AppendEntries answer #10: term 3, mismatch: has term 1 from 1 on
settle among S1 S3
    S1 <- S3  AppendEntries answer #10
    S1 backs up: next for S3 is 1
    S1 has trimmed what S3 needs: offers a snapshot
    S1 -> S3  InstallSnapshot #11: term 3, the state up to entry 5 of term 3
    S3 <- S1  InstallSnapshot #11
    S3 stores the snapshot up to entry 5 of term 3
    S3 switches to the snapshot up to entry 5 of term 3
    S3 commits up to 5
    S3 writes a log that begins after entry 5 of term 3, anew
    S3 has installed the snapshot up to entry 5 of term 3
    S3 -> S1  InstallSnapshot answer #11: term 3, match 5
    S1 <- S3  InstallSnapshot answer #11
expect S3 base 5
expect S3 log none
expect S3 disk none
expect S3 commit 5
expect match S3 at S1 5
