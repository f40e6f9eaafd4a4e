// SIGTERM and SIGINT as a request to stop; the second one ends the process at once.
//
// The signals are blocked in every thread and taken by one that waits for them, so no code runs in
// a signal handler and a server works the same as process 1 of a container (trap J6).
#pragma once

#include <stop_token>

namespace raft {

// Main thread, before any other thread starts. The first signal requests the stop; the second exits
// with 128 and its number (130, 143).
void StopOnSignals(std::stop_source stop);

}  // namespace raft
