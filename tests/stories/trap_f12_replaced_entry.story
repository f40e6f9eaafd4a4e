story: Another command at the same index is another command
paper: Figure 2, Leaders; dissertation §6.2
traps: F12

# S1 takes x as entry 2 and is cut off before anybody has it. S2 leads, and its entries 2 and 3 are others. A
# client that waits at S1 for index 2 must not be told that x is done.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
cut S1 | S2 S3
propose S1 x
    S1 appends x as entry 2 of term 1
    S1 -> S2  AppendEntries #9: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 -> S3  AppendEntries #10: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 writes entry 2 of term 1 (x)
quietly elect S2 by S3
    S2 becomes leader of term 2
quietly settle among S2 S3
    S2 commits up to 2
quietly propose S2 y
quietly settle among S2 S3
    S3 commits up to 2
    S2 commits up to 3
    S2 tells the client: y is done
expect S2 told y is done

heal
quietly fail all
quietly run 6
    S3 commits up to 3
    S1 commits up to 3
    S1 tells the client: x did not happen
expect S1 log 1 2 2
expect S1 told x did not happen
expect S1 state y
