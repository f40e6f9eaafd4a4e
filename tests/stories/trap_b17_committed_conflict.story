story: A conflict with what is committed is refused, with evidence
paper: §5.4.3, Leader Completeness
traps: B17

# This cannot happen to honest servers: somebody's disk was swapped or emptied. S2 has applied entry 2
# of term 1; S1 leads term 3 with another entry 2. S2 must not resolve that by cutting its log.

servers 3
log S1 1 2
log S2 1 1
log S3 1
applied S2 2
quietly elect S1 by S3
    S1 becomes leader of term 3
deliver S1 -> S2 AppendEntries
    S2 <- S1  AppendEntries #5
    S2 enters term 3
    S2 refuses an impossible message of S1 (Leader Completeness: the leader's log contradicts a committed entry)
    S2 writes term 3, no vote
    S2 -> S1  AppendEntries answer #5: term 3, refused
expect S2 log 1 1
expect S2 commit 2
deliver S2 -> S1 AppendEntries answer
    S1 <- S2  AppendEntries answer #5
expect match S2 at S1 0
