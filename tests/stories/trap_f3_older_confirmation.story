story: An answer to an older question confirms no newer read
paper: dissertation §6.4
traps: F3

# The first read is confirmed by S2. Then a second read comes, and an answer that S3 gave before, and a copy
# of the one that S2 gave. Neither says that S1 still leads now.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
read S1 first
    S1 -> S3  AppendEntries #9: term 1, after entry 1 of term 1: no entries; commit 1
tick S1 2
    S1 -> S2  AppendEntries #10: term 1, after entry 1 of term 1: no entries; commit 1
    S1 -> S3  AppendEntries #11: term 1, after entry 1 of term 1: no entries; commit 1
deliver heartbeat
    S3 <- S1  AppendEntries #9
    S3 -> S1  AppendEntries answer #9: term 1, match 1
    S2 <- S1  AppendEntries #10
    S2 -> S1  AppendEntries answer #10: term 1, match 1
    S3 <- S1  AppendEntries #11
    S3 -> S1  AppendEntries answer #11: term 1, match 1
duplicate S2 -> S1 AppendEntries answer
deliver oldest S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #10
    S1 may answer read first once entry 1 is applied
    S1 tells the client: read first sees nothing
expect S1 told read first sees nothing

read S1 second
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #10
    S1 drops an answer of S2 that it does not wait for
expect S1 waiting-reads 1
deliver S3 -> S1 AppendEntries answer
    S1 <- S3  AppendEntries answer #9
    S1 -> S2  AppendEntries #12: term 1, after entry 1 of term 1: no entries; commit 1
    S1 <- S3  AppendEntries answer #11
expect S1 waiting-reads 1

# A fresh question does.
deliver S1 -> S2 heartbeat
    S2 <- S1  AppendEntries #12
    S2 -> S1  AppendEntries answer #12: term 1, match 1
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #12
    S1 may answer read second once entry 1 is applied
    S1 tells the client: read second sees nothing
expect S1 told read second sees nothing
