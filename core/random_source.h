// The one source of randomness in the core: seeded, and the same numbers everywhere.
//
// Standard distributions differ between libraries, so the bounded integer is our own arithmetic.
// Same seed, same story (house rule 18).
#pragma once

#include <cstdint>

#include "core/check.h"

namespace raft {

class RandomSource {
 public:
  explicit RandomSource(std::uint64_t seed) : state_(seed) {}

  // A number in [min, max], both included. The bias of the modulo is below 2^-32 for the ranges of
  // a timer and does no harm there. Requires: min <= max.
  std::uint32_t Between(std::uint32_t min, std::uint32_t max) {
    RAFT_CHECK(min <= max, "a range has its smaller end first");
    const std::uint64_t width = std::uint64_t{max} - min + 1;
    return min + static_cast<std::uint32_t>(Next() % width);
  }

 private:
  // SplitMix64 (Steele, Lea, Flood 2014): one addition, two multiplications, no state beyond a
  // word.
  std::uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
  }

  std::uint64_t state_;
};

}  // namespace raft
