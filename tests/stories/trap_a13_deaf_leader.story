story: A leader that can send but not hear steps down
paper: dissertation §6.2
traps: A13

# Everything S1 says arrives, nothing that is said to it does. Its heartbeats keep the others quiet, and
# nothing is ever committed. After an election timeout without a majority it must stop.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
cut S2 S3 -> S1
propose S1 x
    S1 appends x as entry 2 of term 1
    S1 -> S2  AppendEntries #9: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 -> S3  AppendEntries #10: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 writes entry 2 of term 1 (x)
quietly run 9
expect S1 leader
expect S2 S3 log 1 1
expect S1 commit 1

# It takes no more from clients once it has heard no majority for the shortest election timeout.
quietly run 3
propose S1 y
    S1 tells the client: y is refused NO_QUORUM, ask S1
expect S1 told y is refused NO_QUORUM, ask S1

quietly run 10
    S1 steps down: heard no majority for an election timeout
expect S1 follower

# The others need no vote of S1, and find x in their logs.
quietly run 30
    S2 becomes leader of term 2
    S2 commits up to 3
    S3 commits up to 3
expect S2 S3 state x
heal
quietly run 3
    S1 commits up to 3
    S1 tells the client: x is done
expect S1 state x
