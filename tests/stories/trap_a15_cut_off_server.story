story: A server that is cut off raises no term, and disturbs nobody when it is back
paper: dissertation §9.6
traps: A15

# S3 is cut off for ten election timeouts. Every call fails; a call that failed says nothing about terms.

servers 3
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
cut S3 | S1 S2

timeout S3
    S3 times out
    S3 becomes pre-candidate in term 1
    S3 -> S1  PreVote #1: for term 2, log ends at entry 1 of term 1
    S3 -> S2  PreVote #2: for term 2, log ends at entry 1 of term 1
    S3 had waited for 15 ticks
settle
    S3 -x S1  PreVote #1 is cut off
    S3 -x S2  PreVote #2 is cut off
expect S3 pre-candidate
expect S3 term 1
quietly run 200
expect S3 term 1

heal
quietly run 3
expect S1 leader
expect S3 follows S1
expect S1 S2 S3 term 1
