// The seed of a randomised test: RAFT_TEST_SEED, or one drawn from the clock; printed, so that what
// failed can be repeated.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace raft::linearizability {

inline std::uint64_t TestSeed() {
  const char* given = std::getenv("RAFT_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr
          ? std::strtoull(given, nullptr, 10)
          : static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  std::printf("RAFT_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace raft::linearizability
