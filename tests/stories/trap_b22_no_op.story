story: A new leader commits what it found without waiting for a client
paper: §8; §5.4.2
traps: B22

# Every log holds an entry of term 1 that nobody knows to be committed. S1 may not count it (Figure 8), and no
# client comes. The no-op of its own term commits both.

servers 3
log S1 1
log S2 1
log S3 1
quietly elect S1 by S2 S3
    S1 becomes leader of term 2
settle
    S2 <- S1  AppendEntries #5
    S2 knows S1 as leader of term 2
    S2 writes entry 2 of term 2 (no-op)
    S2 -> S1  AppendEntries answer #5: term 2, match 2
    S3 <- S1  AppendEntries #6
    S3 knows S1 as leader of term 2
    S3 writes entry 2 of term 2 (no-op)
    S3 -> S1  AppendEntries answer #6: term 2, match 2
    S1 <- S2  AppendEntries answer #5
    S1 commits up to 2
    S1 applies entries 1 of term 1, 2 of term 2 (no-op)
    S1 <- S3  AppendEntries answer #6
expect S1 commit 2
read S1 first
    S1 -> S3  AppendEntries #7: term 2, after entry 2 of term 2: no entries; commit 2
settle
    S3 <- S1  AppendEntries #7
    S3 commits up to 2
    S3 -> S1  AppendEntries answer #7: term 2, match 2
    S3 applies entries 1 of term 1, 2 of term 2 (no-op)
    S1 <- S3  AppendEntries answer #7
    S1 may answer read first once entry 2 is applied
    S1 tells the client: read first sees nothing
expect S1 waiting-reads 0
