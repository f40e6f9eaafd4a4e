story: A leader that was deposed answers no read
paper: dissertation §6.4
traps: F1

# S1 is cut off and does not know it. S2 leads term 2 and has committed x. A read at S1 would see a world
# without x.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
cut S1 | S2 S3
quietly elect S2 by S3
    S2 becomes leader of term 2
quietly settle among S2 S3
    S2 commits up to 2
quietly propose S2 x
quietly settle among S2 S3
    S3 commits up to 2
    S2 commits up to 3
    S2 tells the client: x is done
expect S2 state x

expect S1 leader
read S1 stale
    S1 -> S3  AppendEntries #9: term 1, after entry 1 of term 1: no entries; commit 1
settle
    S2 -x S1  AppendEntries #5 is cut off
    S1 -x S3  AppendEntries #9 is cut off
    S1 -> S2  AppendEntries #10: term 1, after entry 1 of term 1: no entries; commit 1
    S1 -x S2  AppendEntries #10 is cut off
expect S1 told nothing
expect S1 waiting-reads 1

heal
quietly run 4
    S1 tells the client: stale is refused LEADERSHIP_LOST
    S3 commits up to 3
    S1 commits up to 3
expect S1 told stale is refused LEADERSHIP_LOST
