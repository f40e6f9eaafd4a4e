story: A cluster of one elects, commits and reads by itself, at the pace of its disk
paper: §5.1: a majority of one
traps: A8 A24

# Nobody answers S1, so only its own disk can move it on. And it does not run ahead of its disk.

servers 1
hold disk S1
timeout S1
    S1 times out
    S1 becomes pre-candidate in term 0
    S1 enters term 1
    S1 becomes candidate in term 1
    S1 asks its disk for term 1, vote for S1
    S1 had waited for 10 ticks
expect S1 candidate

# The vote of term 1 does not reach the disk in time, and S1 tries again. When that old write finishes, it
# says nothing about the vote of term 2.
timeout S1
    S1 times out
    S1 gives up its election for term 1
    S1 becomes pre-candidate in term 1
    S1 enters term 2
    S1 becomes candidate in term 2
    S1 asks its disk for term 2, vote for S1
    S1 had waited for 12 ticks
expect S1 term 2
persist S1
    S1 has on disk term 1, vote for S1
expect S1 candidate
persist S1
    S1 has on disk term 2, vote for S1
    S1 knows S1 as leader of term 2
    S1 becomes leader of term 2
    S1 asks its disk for entry 1 of term 2 (no-op)
expect S1 leader

propose S1 x
    S1 appends x as entry 2 of term 2
    S1 asks its disk for entry 2 of term 2 (x)
expect S1 commit 0
persist S1
    S1 has on disk entry 1 of term 2 (no-op)
    S1 commits up to 1
    S1 applies entry 1 of term 2 (no-op)
expect S1 commit 1
persist S1
    S1 has on disk entry 2 of term 2 (x)
    S1 commits up to 2
    S1 applies entry 2 of term 2 (x)
    S1 tells the client: x is done
expect S1 told x is done

read S1 first
    S1 may answer read first once entry 2 is applied
    S1 tells the client: read first sees x
expect S1 told read first sees x
