// Names a thread for top, perf and debuggers.
#pragma once

#include <pthread.h>

namespace raft {

// Requires: at most 15 characters.
inline void SetThreadName(const char* name) { pthread_setname_np(pthread_self(), name); }

}  // namespace raft
