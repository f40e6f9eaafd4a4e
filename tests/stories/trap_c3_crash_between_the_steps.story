story: A server that crashes between the steps of an install finishes it when it starts
paper: Figure 13; dissertation §5.1
traps: C3 C5

# S3 was away while S1 committed and trimmed. Its state machine has switched to the snapshot, its log has
# not followed when the plug is pulled. It may not start with a state that its log knows nothing of.

servers 3
option compaction_entries 3
option tail_entries 1
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly settle
    S1 commits up to 1
crash S3
    S3 crashes
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
expect S1 base 3

restart S3
    S3 restarts in term 1, vote for S1, log: 1
hold disk S3
hold apply S3
quietly run 6
expect S3 base 0
expect S3 state nothing
release apply S3
    S3 switches to the snapshot up to entry 4 of term 1
    S3 commits up to 4
    S3 asks its disk for a log that begins after entry 4 of term 1, anew
expect S3 state x y z
expect S3 disk 1
expect no message S3 -> S1 InstallSnapshot answer

crash S3
    S3 crashes
restart S3
    S3 restarts in term 1, vote for S1, log after entry 4 of term 1: none
expect S3 base 4
expect S3 log none
expect S3 state x y z
expect S3 commit 4
quietly propose S1 w
quietly run 6
    S1 commits up to 5
    S1 tells the client: w is done
    S2 commits up to 5
    S3 commits up to 5
expect S3 state x y z w
