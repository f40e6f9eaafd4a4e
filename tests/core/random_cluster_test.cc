// Whole servers in a random world: Figure 3's laws hold at every step, and the cluster heals.
//
// Runs many seeds; RAFT_TEST_SEED=n runs that one alone. The seed is printed on a failure, also on
// one that aborts inside the core.
#include "tests/core/random_cluster.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace raft::harness {
namespace {

constexpr std::uint64_t kSeeds = 2000;
constexpr int kEventsPerSeed = 3000;

std::uint64_t seed_now = 0;

// A broken RAFT_CHECK aborts: say which seed it was before the process is gone.
void PrintSeed(int) { std::fprintf(stderr, "RAFT_TEST_SEED=%llu\n", (unsigned long long)seed_now); }

TEST(RandomClusterTest, KeepsTheLawsUnderFaultsAndServesAgainAfterThem) {
  const char* replay = std::getenv("RAFT_TEST_SEED");
  const std::uint64_t first = replay != nullptr ? std::strtoull(replay, nullptr, 10) : 1;
  const std::uint64_t last = replay != nullptr ? first : kSeeds;
  std::signal(SIGABRT, PrintSeed);
  std::uint64_t elections = 0;
  std::uint64_t reads = 0;
  std::uint64_t committed = 0;
  for (seed_now = first; seed_now <= last; ++seed_now) {
    SCOPED_TRACE("RAFT_TEST_SEED=" + std::to_string(seed_now));
    RandomCluster cluster(seed_now);
    for (int event = 0; event < kEventsPerSeed && !HasFailure(); ++event) cluster.Disturb();
    elections += cluster.elections();
    reads += cluster.reads_answered();
    committed += cluster.highest_committed().value();
    if (!HasFailure()) cluster.HealAndSettle();
    ASSERT_FALSE(HasFailure());
  }
  std::signal(SIGABRT, SIG_DFL);
  std::printf("%llu seeds: %llu elections won, %llu entries committed, %llu reads answered\n",
              (unsigned long long)(last - first + 1), (unsigned long long)elections,
              (unsigned long long)committed, (unsigned long long)reads);
  if (replay != nullptr) return;
  // Stories in which nothing happens prove nothing.
  EXPECT_GT(elections, 3 * kSeeds);
  EXPECT_GT(committed, 20 * kSeeds);
  EXPECT_GT(reads, 10 * kSeeds);
}

}  // namespace
}  // namespace raft::harness
