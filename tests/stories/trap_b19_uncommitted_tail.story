story: What is not committed does not grow without end, and the account is right afterwards
paper: raft_options.h: uncommitted_bytes_max
traps: B19

# The leader is cut off and clients go on. Each entry is charged 64 bytes and its data; 150 is the limit.

servers 3
option uncommitted_bytes_max 150
quietly elect S1 by S2 S3
    S1 becomes leader of term 1
quietly run 2
    S1 commits up to 1
    S2 commits up to 1
    S3 commits up to 1
cut S1 | S2 S3
quietly propose S1 a
quietly propose S1 b
quietly propose S1 c
propose S1 d
    S1 tells the client: d is refused OVERLOADED, ask S1
expect S1 told d is refused OVERLOADED, ask S1

heal
quietly run 6
    S1 commits up to 2
    S1 tells the client: a is done
    S2 commits up to 2
    S3 commits up to 2
    S1 commits up to 4
    S1 tells the client: b is done
    S1 tells the client: c is done
    S2 commits up to 4
    S3 commits up to 4
expect S1 state a b c
propose S1 e
    S1 appends e as entry 5 of term 1
    S1 -> S2  AppendEntries #19: term 1, after entry 4 of term 1: entry 5 of term 1 (e); commit 4
    S1 -> S3  AppendEntries #20: term 1, after entry 4 of term 1: entry 5 of term 1 (e); commit 4
    S1 writes entry 5 of term 1 (e)
quietly run 2
    S1 commits up to 5
    S1 tells the client: e is done
    S2 commits up to 5
    S3 commits up to 5
expect S1 state a b c e
