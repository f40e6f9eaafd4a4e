story: A message that is full leaves no gap
paper: §5.3
traps: B11

# A message carries at most 160 bytes, and every entry is charged 64 and its data. Behind the
# first message gather a small entry, a larger one and a small one. The first and the last would fit
# together; entries travel in order all the same.

servers 3
option append_bytes_max 160
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1

propose S1 first
    S1 appends first as entry 2 of term 1
    S1 -> S2  AppendEntries #9: term 1, after entry 1 of term 1: entry 2 of term 1 (first); commit 1
    S1 -> S3  AppendEntries #10: term 1, after entry 1 of term 1: entry 2 of term 1 (first); commit 1
    S1 writes entry 2 of term 1 (first)
propose S1 a
    S1 appends a as entry 3 of term 1
    S1 writes entry 3 of term 1 (a)
propose S1 forty-letters-so-that-it-does-not-fit-in
    S1 appends forty-letters-so-that-it-does-not-fit-in as entry 4 of term 1
    S1 writes entry 4 of term 1 (forty-letters-so-that-it-does-not-fit-in)
propose S1 b
    S1 appends b as entry 5 of term 1
    S1 writes entry 5 of term 1 (b)
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #9
    S2 writes entry 2 of term 1 (first)
    S2 -> S1  AppendEntries answer #9: term 1, match 2
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #9
    S1 commits up to 2
    S1 -> S2  AppendEntries #11: term 1, after entry 2 of term 1: entry 3 of term 1 (a); commit 2
    S1 applies entry 2 of term 1 (first)
    S1 tells the client: first is done
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #11
    S2 commits up to 2
    S2 writes entry 3 of term 1 (a)
    S2 -> S1  AppendEntries answer #11: term 1, match 3
    S2 applies entry 2 of term 1 (first)
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #11
    S1 commits up to 3
    S1 -> S2  AppendEntries #12: term 1, after entry 3 of term 1: entry 4 of term 1 (forty-letters-so-that-it-does-not-fit-in); commit 3
    S1 applies entry 3 of term 1 (a)
    S1 tells the client: a is done
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #12
    S2 commits up to 3
    S2 writes entry 4 of term 1 (forty-letters-so-that-it-does-not-fit-in)
    S2 -> S1  AppendEntries answer #12: term 1, match 4
    S2 applies entry 3 of term 1 (a)
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #12
    S1 commits up to 4
    S1 -> S2  AppendEntries #13: term 1, after entry 4 of term 1: entry 5 of term 1 (b); commit 4
    S1 applies entry 4 of term 1 (forty-letters-so-that-it-does-not-fit-in)
    S1 tells the client: forty-letters-so-that-it-does-not-fit-in is done
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #13
    S2 commits up to 4
    S2 writes entry 5 of term 1 (b)
    S2 -> S1  AppendEntries answer #13: term 1, match 5
    S2 applies entry 4 of term 1 (forty-letters-so-that-it-does-not-fit-in)
expect S2 log 1 1 1 1 1
