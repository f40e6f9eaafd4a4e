story: A server that comes back with a higher term finds its way in
paper: §5.1; dissertation §9.6
traps: A14

# S3 once campaigned alone and is in term 7; the others work in term 1. It does not follow a leader of term
# 1 and is refused every pre-vote. The way out: its answer to the leader names term 7, and the
# next election is for term 8.

servers 3
log S1 1
log S2 1
log S3 1
term S3 7
quietly elect S1 by S2
    S1 becomes leader of term 2
expect S1 term 2

deliver S1 -> S3 AppendEntries
    S3 <- S1  AppendEntries #6
    S3 -> S1  AppendEntries answer #6: term 7, refused
deliver S3 -> S1 AppendEntries answer
    S1 <- S3  AppendEntries answer #6
    S1 steps down: saw a newer term
    S1 enters term 7
    S1 becomes follower in term 7
    S1 writes term 7, no vote
expect S1 follower
expect S1 term 7

quietly drop all
quietly run 60
    S3 becomes leader of term 8
    S3 commits up to 2
    S1 commits up to 2
    S2 commits up to 2
expect S1 S2 S3 term 8
expect S1 S2 S3 commit 2
