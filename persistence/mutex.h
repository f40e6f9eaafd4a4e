// The project's lock: std::mutex behind one name.
//
// absl::Mutex gives false races under ThreadSanitizer with a packaged, uninstrumented Abseil, so
// every lock of ours goes through here. Locks are leaves: no code holds two, none is held across a
// call out of its class.
#pragma once

#include <condition_variable>
#include <mutex>

namespace raft {

using Mutex = std::mutex;
using MutexLock = std::unique_lock<std::mutex>;
using ConditionVariable = std::condition_variable;

}  // namespace raft
