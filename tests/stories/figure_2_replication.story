story: One command, from the client to every state machine
paper: Figure 2, AppendEntries and Leaders; §5.3; dissertation §10.2.1
traps: B12 B13

# S1 leads and every log holds the no-op of its term. The disks of S1 and S2 are slow, so that one can
# see what waits for them: S1 sends the command before its own disk has it, S2 answers only after.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly settle
    S1 commits up to 1
quietly tick S1 2
quietly settle
    S2 commits up to 1
    S3 commits up to 1
hold disk S1
hold disk S2

propose S1 x
    S1 appends x as entry 2 of term 1
    S1 -> S2  AppendEntries #9: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 -> S3  AppendEntries #10: term 1, after entry 1 of term 1: entry 2 of term 1 (x); commit 1
    S1 asks its disk for entry 2 of term 1 (x)
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #9
    S2 asks its disk for entry 2 of term 1 (x)
expect no message S2 -> S1 AppendEntries answer

# An entry is committed once a majority has it durably. S3 has it, S1 has not: that is one of three.
deliver S1 -> S3 AppendEntries
    S3 <- S1  AppendEntries #10
    S3 writes entry 2 of term 1 (x)
    S3 -> S1  AppendEntries answer #10: term 1, match 2
deliver S3 -> S1 AppendEntries answer
    S1 <- S3  AppendEntries answer #10
expect S1 commit 1

# The second disk makes the majority, whoever's it is.
persist S2
    S2 has on disk entry 2 of term 1 (x)
    S2 -> S1  AppendEntries answer #9: term 1, match 2
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #9
    S1 commits up to 2
expect S1 commit 2

# S1 applies nothing that it could forget itself, so the client still waits.
expect S1 told nothing
persist S1
    S1 has on disk entry 2 of term 1 (x)
    S1 applies entry 2 of term 1 (x)
    S1 tells the client: x is done
expect S1 told x is done

tick S1 2
    S1 -> S2  AppendEntries #11: term 1, after entry 2 of term 1: no entries; commit 2
    S1 -> S3  AppendEntries #12: term 1, after entry 2 of term 1: no entries; commit 2
settle
    S2 <- S1  AppendEntries #11
    S2 commits up to 2
    S2 -> S1  AppendEntries answer #11: term 1, match 2
    S2 applies entry 2 of term 1 (x)
    S3 <- S1  AppendEntries #12
    S3 commits up to 2
    S3 -> S1  AppendEntries answer #12: term 1, match 2
    S3 applies entry 2 of term 1 (x)
    S1 <- S2  AppendEntries answer #11
    S1 <- S3  AppendEntries answer #12
expect S1 S2 S3 state x
