story: The newest offer of a snapshot wins
paper: Figure 13, receiver step 5; dissertation §5
traps: C6 C7

# S1 offers S3 a snapshot and dies before all of it has arrived. S2 leads next and offers its own. One
# snapshot at a time is stored, and the one that is installed is the one that was asked for last.

servers 3
option compaction_entries 3
option tail_entries 1
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly settle
    S1 commits up to 1
cut S1 S2 | S3
quietly propose S1 x
quietly settle
    S2 commits up to 1
    S1 commits up to 2
    S1 tells the client: x is done
quietly propose S1 y
quietly settle
    S2 commits up to 2
    S1 commits up to 3
    S1 tells the client: y is done
quietly propose S1 z
quietly settle
    S2 commits up to 3
    S1 commits up to 4
    S1 tells the client: z is done
quietly run 2
    S2 commits up to 4
hold snapshots S3
heal
quietly run 4
expect S3 base 0

crash S1
    S1 crashes
quietly elect S2 by S3
    S2 becomes leader of term 2
quietly run 6
expect S2 leader
expect S3 base 0
release snapshots S3
    S3 stores the snapshot up to entry 4 of term 1
    S3 switches to the snapshot up to entry 4 of term 1
    S3 commits up to 4
    S3 writes a log that begins after entry 4 of term 1, anew
    S3 has installed the snapshot up to entry 4 of term 1
    S3 -> S2  InstallSnapshot answer #7: term 2, match 4
settle among S2 S3
    S2 <- S3  InstallSnapshot answer #7
    S2 -> S3  AppendEntries #14: term 2, after entry 4 of term 1: entry 5 of term 2 (no-op); commit 4
    S3 <- S2  AppendEntries #14
    S3 writes entry 5 of term 2 (no-op)
    S3 -> S2  AppendEntries answer #14: term 2, match 5
    S2 <- S3  AppendEntries answer #14
    S2 commits up to 5
    S2 applies entry 5 of term 2 (no-op)
expect S3 state x y z
expect S3 follows S2
expect match S3 at S2 5
