// Waiting for something to become true, with an end.
//
// Tests of real processes have no clock of their own to turn; they look again and again until the
// condition holds or the deadline has passed. Never a plain sleep: that would be a guess.
#pragma once

#include <chrono>
#include <thread>

namespace raft::integration {

using Milliseconds = std::chrono::milliseconds;

// Generous: on a busy machine a deadline is a defence against waiting for ever, not a measurement.
inline constexpr Milliseconds kPatience{20'000};

// True as soon as `condition` returns true, false once `deadline` has passed without.
template <typename Condition>
[[nodiscard]] bool WaitUntil(Condition condition, Milliseconds deadline = kPatience) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(Milliseconds(5));
  }
  return true;
}

}  // namespace raft::integration
