// Keeps gRPC's queue of callbacks until the process ends.
//
// The queue belongs to the process; gRPC 1.51 counts the channels and servers that use it and takes
// it down with the last of them. A thread of gRPC's own may still be using it then, and the process
// aborts: "ref_counted.h: assertion failed: prior > 0". A server that stops would now and then end
// with that instead of its exit code, and a program of tests that starts and stops many servers
// does so every few hundred rounds. One channel that stays keeps the count above zero.
#pragma once

namespace raft {

// Any thread; the first call takes a moment.
void KeepCallbackQueue();

}  // namespace raft
