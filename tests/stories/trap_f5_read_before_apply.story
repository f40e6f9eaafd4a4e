story: A confirmed read waits for the state machine
paper: dissertation §6.4, step 4
traps: F5

# x is committed; the state machine of S1 is slow. The core names the index that the read must see, and whoever
# answers waits for it.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
hold apply S1
quietly propose S1 x
quietly settle
    S1 commits up to 2
expect S1 commit 2
expect S1 state nothing

read S1 first
    S1 -> S3  AppendEntries #11: term 1, after entry 2 of term 1: no entries; commit 2
settle
    S3 <- S1  AppendEntries #11
    S3 commits up to 2
    S3 -> S1  AppendEntries answer #11: term 1, match 2
    S3 applies entry 2 of term 1 (x)
    S1 <- S3  AppendEntries answer #11
    S1 may answer read first once entry 2 is applied
expect S1 waiting-reads 0
expect S1 told nothing
release apply S1
    S1 applies entry 2 of term 1 (x)
    S1 tells the client: x is done
    S1 tells the client: read first sees x
expect S1 told read first sees x
