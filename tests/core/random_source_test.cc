// The one source of randomness: same seed, same numbers, on every machine.
#include "core/random_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace raft {
namespace {

std::vector<std::uint32_t> Draw(std::uint64_t seed, int count) {
  RandomSource random(seed);
  std::vector<std::uint32_t> numbers;
  for (int drawn = 0; drawn < count; ++drawn) numbers.push_back(random.Between(0, 999'999));
  return numbers;
}

TEST(RandomSourceTest, TheSameSeedGivesTheSameNumbers) { EXPECT_EQ(Draw(42, 100), Draw(42, 100)); }

TEST(RandomSourceTest, AnotherSeedGivesOtherNumbers) { EXPECT_NE(Draw(42, 100), Draw(43, 100)); }

// The reference outputs of SplitMix64 for seed 1234567, so that no library or compiler changes
// them.
TEST(RandomSourceTest, FollowsThePublishedSequence) {
  RandomSource random(1234567);
  EXPECT_EQ(random.Between(0, 0xFFFFFFFF), static_cast<std::uint32_t>(6457827717110365317ull));
  EXPECT_EQ(random.Between(0, 0xFFFFFFFF), static_cast<std::uint32_t>(3203168211198807973ull));
}

TEST(RandomSourceTest, StaysInItsRangeAndReachesBothEnds) {
  RandomSource random(7);
  std::set<std::uint32_t> seen;
  for (int drawn = 0; drawn < 1000; ++drawn) seen.insert(random.Between(30, 35));
  EXPECT_THAT(seen, ::testing::ElementsAre(30, 31, 32, 33, 34, 35));
}

TEST(RandomSourceTest, ARangeOfOneNumberHoldsThatNumber) {
  RandomSource random(7);
  EXPECT_EQ(random.Between(5, 5), 5u);
}

TEST(RandomSourceDeathTest, RefusesARangeUpsideDown) {
  RandomSource random(7);
  EXPECT_DEATH(random.Between(6, 5), "smaller end first");
}

}  // namespace
}  // namespace raft
