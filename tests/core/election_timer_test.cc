// The election timer: random, restarted only on purpose (§5.2).
#include "core/election_timer.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/core_harness/builders.h"

namespace raft::harness {
namespace {

class ElectionTimerTest : public ::testing::Test {
 protected:
  // Ticks until the time is up.
  std::uint32_t TicksToExpiry() {
    std::uint32_t ticks = 1;
    while (!timer_.TickAndCheckExpired()) ++ticks;
    return ticks;
  }

  const RaftOptions options_ = SmallOptions();  // 10 to 20 ticks
  RandomSource random_{3};
  ElectionTimer timer_{options_, random_};
};

TEST_F(ElectionTimerTest, ExpiresWithinItsRangeAndUsesAllOfIt) {
  std::set<std::uint32_t> seen;
  for (int round = 0; round < 1000; ++round) {
    timer_.Restart();
    seen.insert(TicksToExpiry());
  }
  EXPECT_EQ(*seen.begin(), options_.election_timeout_ticks_min);
  EXPECT_EQ(*seen.rbegin(), options_.election_timeout_ticks_max);
}

TEST_F(ElectionTimerTest, StaysExpiredUntilItIsRestarted) {
  timer_.Restart();
  TicksToExpiry();
  EXPECT_TRUE(timer_.TickAndCheckExpired());
  timer_.Restart();
  EXPECT_FALSE(timer_.TickAndCheckExpired());
}

TEST_F(ElectionTimerTest, StartIfStoppedDoesNotPostponeARunningTimer) {
  timer_.Restart();
  std::uint32_t ticks = 1;
  while (!timer_.TickAndCheckExpired()) {
    timer_.StartIfStopped();
    ++ticks;
  }
  EXPECT_LE(ticks, options_.election_timeout_ticks_max);
}

TEST_F(ElectionTimerTest, StartIfStoppedStartsAfterALeadership) {
  timer_.Restart();
  timer_.Stop();
  EXPECT_FALSE(timer_.is_running());
  timer_.StartIfStopped();
  EXPECT_TRUE(timer_.is_running());
  EXPECT_GE(TicksToExpiry(), options_.election_timeout_ticks_min);
}

using ElectionTimerDeathTest = ElectionTimerTest;

TEST_F(ElectionTimerDeathTest, AStoppedTimerDoesNotTick) {
  EXPECT_DEATH((void)timer_.TickAndCheckExpired(), "running election timer \\(N10\\)");
}

}  // namespace
}  // namespace raft::harness
