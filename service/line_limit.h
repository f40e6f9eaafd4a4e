// Keeps a log readable when the same thing happens thousands of times a second.
//
// One per kind of line. Any thread; one relaxed load while a line is held back.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace raft {

class LineLimit {
 public:
  // Whether to write the line now, at most once a second; `held_back` lines of its kind were not
  // written since the last one.
  bool Allows(std::uint64_t& held_back) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const std::int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    std::int64_t next_ms = next_ms_.load(std::memory_order_relaxed);
    if (now_ms < next_ms || !next_ms_.compare_exchange_strong(next_ms, now_ms + 1000)) {
      held_back_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    held_back = held_back_.exchange(0, std::memory_order_relaxed);
    return true;
  }

 private:
  std::atomic<std::int64_t> next_ms_{0};
  std::atomic<std::uint64_t> held_back_{0};
};

}  // namespace raft
