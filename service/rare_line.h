// Lets the first, second, fourth, eighth ... line through: a confused peer repeats itself many
// times a second, and the counters know how often. Any thread.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

namespace raft {

class RareLine {
 public:
  bool IsDue() { return std::has_single_bit(++count_); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace raft
