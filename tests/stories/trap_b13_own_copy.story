story: A leader counts its own copy once it is on its disk
paper: dissertation §10.2.1
traps: B13

# The disk of the leader is the slow one. It sends x at once, and S2 has it first. S1 and S2 would be a
# majority, but of the two only S2 would remember.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
hold disk S1
propose S1 x
    S1 appends x as entry 2 of term 1
    S1 -> S2  AppendEntries #9: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 -> S3  AppendEntries #10: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 asks its disk for entry 2 of term 1 (x)
drop S1 -> S3 AppendEntries
    S1 -x S3  AppendEntries #10 is lost
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #9
    S2 writes entry 2 of term 1 (x)
    S2 -> S1  AppendEntries answer #9: term 1, match 2
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #9
expect match S2 at S1 2
expect S1 commit 1

persist S1
    S1 has on disk entry 2 of term 1 (x)
    S1 commits up to 2
    S1 applies entry 2 of term 1 (x)
    S1 tells the client: x is done
expect S1 commit 2
expect S1 told x is done
