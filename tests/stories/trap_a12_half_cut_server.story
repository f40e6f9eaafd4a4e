story: A server that cannot hear the leader does not topple it
paper: dissertation §4.2.3, §9.6; §6
traps: A12

# Nothing of what S1 says reaches S3, but S3 can talk to both others. It times out again and again. S2
# hears S1 and denies it the pre-vote, so the term stands still and S1 leads on.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
cut S1 -> S3

timeout S3
    S3 times out
    S3 becomes pre-candidate in term 1
    S3 -> S1  PreVote #1: for term 2, log ends at entry 1 of term 1
    S3 -> S2  PreVote #2: for term 2, log ends at entry 1 of term 1
    S3 had waited for 15 ticks
deliver S3 -> S2 PreVote
    S2 <- S3  PreVote #2
    S2 denies S3 its pre-vote in term 2: a leader is near
    S2 -> S3  PreVote answer #2: term 1, denied
deliver S3 -> S1 PreVote
    S1 <- S3  PreVote #1
    S1 denies S3 its pre-vote in term 2: a leader is near
    S1 -> S3  PreVote answer #1: term 1, denied
deliver any -> S3 PreVote answer
    S3 <- S2  PreVote answer #2
    S1 -x S3  PreVote answer #1 is cut off
expect S3 pre-candidate

quietly run 100
expect S1 leader
expect S1 S2 S3 term 1
