story: The first election
paper: Figure 2, Candidates and Leaders; §5.2

# Three servers start with empty logs, and nobody leads. S1 is the first to lose patience. Before it
# raises the term it asks whether it could win (PreVote); then it votes for itself, on disk, and asks
# for votes. Two of three are enough: S3 does not take part until S1 leads.

servers 3

timeout S1
    S1 times out
    S1 becomes pre-candidate in term 0
    S1 -> S2  PreVote #1: for term 1, log ends at the start
    S1 -> S3  PreVote #2: for term 1, log ends at the start
    S1 had waited for 10 ticks
expect S1 pre-candidate
expect S1 term 0

deliver S1 -> S2 PreVote
    S2 <- S1  PreVote #1
    S2 grants S1 its pre-vote in term 1
    S2 -> S1  PreVote answer #1: term 1, granted
deliver S2 -> S1 PreVote answer
    S1 <- S2  PreVote answer #1
    S1 enters term 1
    S1 becomes candidate in term 1
    S1 writes term 1, vote for S1
    S1 -> S2  RequestVote #3: term 1, log ends at the start
    S1 -> S3  RequestVote #4: term 1, log ends at the start
expect S1 candidate
expect S1 term 1
expect S1 vote S1

deliver S1 -> S2 RequestVote
    S2 <- S1  RequestVote #3
    S2 enters term 1
    S2 grants S1 its vote in term 1
    S2 writes term 1, vote for S1
    S2 -> S1  RequestVote answer #3: term 1, granted
expect S2 vote S1
deliver S2 -> S1 RequestVote answer
    S1 <- S2  RequestVote answer #3
    S1 knows S1 as leader of term 1
    S1 becomes leader of term 1
    S1 -> S2  AppendEntries #5: term 1, after the start: entry 1 of term 1 (no-op); commit 0
    S1 -> S3  AppendEntries #6: term 1, after the start: entry 1 of term 1 (no-op); commit 0
    S1 writes entry 1 of term 1 (no-op)
expect S1 leader

# The first AppendEntries announces the leader and carries the no-op that starts its term. Whatever
# S1 sent to S3 meanwhile arrives as well, late and harmless.
settle
    S3 <- S1  PreVote #2
    S3 grants S1 its pre-vote in term 1
    S3 -> S1  PreVote answer #2: term 1, granted
    S3 <- S1  RequestVote #4
    S3 enters term 1
    S3 grants S1 its vote in term 1
    S3 writes term 1, vote for S1
    S3 -> S1  RequestVote answer #4: term 1, granted
    S2 <- S1  AppendEntries #5
    S2 knows S1 as leader of term 1
    S2 writes entry 1 of term 1 (no-op)
    S2 -> S1  AppendEntries answer #5: term 1, match 1
    S3 <- S1  AppendEntries #6
    S3 knows S1 as leader of term 1
    S3 writes entry 1 of term 1 (no-op)
    S3 -> S1  AppendEntries answer #6: term 1, match 1
    S1 <- S3  PreVote answer #2
    S1 <- S3  RequestVote answer #4
    S1 <- S2  AppendEntries answer #5
    S1 commits up to 1
    S1 applies entry 1 of term 1 (no-op)
    S1 <- S3  AppendEntries answer #6
expect S1 S2 S3 log 1
expect S1 commit 1
expect S2 S3 follows S1
expect S2 S3 commit 0

# That it is committed the followers learn with the next heartbeat.
tick S1 2
    S1 -> S2  AppendEntries #7: term 1, after entry 1 of term 1: no entries; commit 1
    S1 -> S3  AppendEntries #8: term 1, after entry 1 of term 1: no entries; commit 1
settle
    S2 <- S1  AppendEntries #7
    S2 commits up to 1
    S2 -> S1  AppendEntries answer #7: term 1, match 1
    S2 applies entry 1 of term 1 (no-op)
    S3 <- S1  AppendEntries #8
    S3 commits up to 1
    S3 -> S1  AppendEntries answer #8: term 1, match 1
    S3 applies entry 1 of term 1 (no-op)
    S1 <- S2  AppendEntries answer #7
    S1 <- S3  AppendEntries answer #8
expect S1 S2 S3 commit 1
