// Ctrl-C as a question instead of a sudden end: commands ask whether to stop and say goodbye.
//
// Room: service/raftctl. Knows signals only. The first SIGINT or SIGTERM is remembered; a second
// one ends the process at once with exit code 130, for a command that does not listen.
#pragma once

namespace raft::ctl {

// Call once, before anything is started. Not thread-safe.
void CatchInterrupts();

// Whether SIGINT or SIGTERM has arrived. Any thread.
bool Interrupted();

}  // namespace raft::ctl
