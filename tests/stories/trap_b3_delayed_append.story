story: A delayed AppendEntries takes nothing back
paper: Figure 2, AppendEntries steps 3 and 4; §5.3
traps: B3

# The network keeps a copy of the message that brought x, and delivers it after y has come. S2 may cut
# only what conflicts; y does not, and S2 has vouched for it.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
propose S1 x
    S1 appends x as entry 2 of term 1
    S1 -> S2  AppendEntries #9: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 -> S3  AppendEntries #10: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 writes entry 2 of term 1 (x)
duplicate S1 -> S2 AppendEntries
deliver oldest S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #9
    S2 writes entry 2 of term 1 (x)
    S2 -> S1  AppendEntries answer #9: term 1, match 2
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #9
    S1 commits up to 2
    S1 applies entry 2 of term 1 (x)
    S1 tells the client: x is done
propose S1 y
    S1 appends y as entry 3 of term 1
    S1 -> S2  AppendEntries #11: term 1, after entry 2 of term 1: entry 3 of term 1 (y); commit 2
    S1 writes entry 3 of term 1 (y)
deliver newest S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #11
    S2 commits up to 2
    S2 writes entry 3 of term 1 (y)
    S2 -> S1  AppendEntries answer #11: term 1, match 3
    S2 applies entry 2 of term 1 (x)
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #11
    S1 commits up to 3
    S1 applies entry 3 of term 1 (y)
    S1 tells the client: y is done
expect S2 log 1 1 1
expect S1 commit 3

deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #9
    S2 -> S1  AppendEntries answer #9: term 1, match 2
expect S2 log 1 1 1
expect S2 disk 1 1 1
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #9
    S1 drops an answer of S2 that it does not wait for
expect match S2 at S1 3
