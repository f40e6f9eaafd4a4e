story: A read that costs one round of heartbeats and no write
paper: dissertation §6.4; §8

# The leader notes how far it has committed, makes sure that it still leads by asking as many peers as a
# majority needs, waits until the state machine has come so far, and answers. Nothing is written.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
quietly propose S1 x
quietly run 2
    S1 commits up to 2
    S1 tells the client: x is done
    S2 commits up to 2
    S3 commits up to 2

read S1 first
    S1 -> S3  AppendEntries #13: term 1, after entry 2 of term 1: no entries; commit 2
expect S1 waiting-reads 1
deliver S1 -> S3 heartbeat
    S3 <- S1  AppendEntries #13
    S3 -> S1  AppendEntries answer #13: term 1, match 2
deliver S3 -> S1 AppendEntries answer
    S1 <- S3  AppendEntries answer #13
    S1 may answer read first once entry 2 is applied
    S1 tells the client: read first sees x
expect S1 told read first sees x

# A follower knows only whom to ask.
read S2 second
    S2 tells the client: second is refused NOT_LEADER, ask S1
expect S2 told second is refused NOT_LEADER, ask S1
