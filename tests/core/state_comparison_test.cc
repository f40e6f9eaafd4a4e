// A leader asks around whether all hold the same state (core/state_comparison.h).
#include "core/state_comparison.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/core_harness/builders.h"

namespace raft::harness {
namespace {

using Finding = StateComparison::Finding;

constexpr std::uint64_t kPatienceTicks = 100;

StateCheck Check(std::uint64_t index, const char* digest) {
  return {.index = LogIndex(index), .digest = digest};
}

class StateComparisonTest : public ::testing::Test {
 protected:
  Finding Advance(const StateCheck& own, std::uint64_t now_ticks = 0) {
    return comparison_.Advance(kS1, &own, members_, now_ticks, kPatienceTicks);
  }
  Finding Add(ServerId server, std::uint64_t index, const char* digest) {
    return comparison_.Add(server, Check(index, digest), members_);
  }

  ClusterConfiguration members_{std::vector<ServerId>{kS1, kS2, kS3}};
  StateComparison comparison_;
};

TEST_F(StateComparisonTest, NothingIsAskedBeforeTheLeaderKnowsItsOwnDigest) {
  EXPECT_EQ(comparison_.Advance(kS1, nullptr, members_, 0, kPatienceTicks), Finding::kNothing);
  EXPECT_EQ(comparison_.asked_index(), LogIndex(0));
}

TEST_F(StateComparisonTest, TwoOfThreeAreTheMajority) {
  EXPECT_EQ(Advance(Check(8, "a")), Finding::kNothing);
  EXPECT_EQ(comparison_.asked_index(), LogIndex(8));
  EXPECT_EQ(Add(kS2, 8, "a"), Finding::kMajority);
  EXPECT_EQ(comparison_.majority_state(), Check(8, "a"));
}

TEST_F(StateComparisonTest, TheLeaderMayBeTheOddOne) {
  EXPECT_EQ(Advance(Check(8, "a")), Finding::kNothing);
  EXPECT_EQ(Add(kS2, 8, "b"), Finding::kNothing);
  EXPECT_EQ(Add(kS3, 8, "b"), Finding::kMajority);
  EXPECT_EQ(comparison_.majority_state(), Check(8, "b"));
}

TEST_F(StateComparisonTest, ThreeStatesAreADoubtOnce) {
  Advance(Check(8, "a"));
  EXPECT_EQ(Add(kS2, 8, "b"), Finding::kNothing);
  EXPECT_EQ(Add(kS3, 8, "c"), Finding::kDoubt);
  EXPECT_EQ(Add(kS3, 8, "c"), Finding::kNothing);
  EXPECT_EQ(comparison_.majority_state(), std::nullopt);
}

TEST_F(StateComparisonTest, OneOfTwoIsNoMajority) {
  members_ = ClusterConfiguration(std::vector<ServerId>{kS1, kS2});
  Advance(Check(8, "a"));
  EXPECT_EQ(Add(kS2, 8, "b"), Finding::kDoubt);
}

TEST_F(StateComparisonTest, WhoIsNoVoterCountsForNothing) {
  EXPECT_EQ(Advance(Check(8, "a")), Finding::kNothing);
  EXPECT_EQ(Add(ServerId(9), 8, "a"), Finding::kNothing);
  EXPECT_EQ(Add(kS2, 8, "b"), Finding::kNothing);
  EXPECT_EQ(comparison_.majority_state(), std::nullopt);
}

TEST_F(StateComparisonTest, AnAnswerOfAnotherIndexCountsForNothing) {
  Advance(Check(8, "a"));
  EXPECT_EQ(Add(kS2, 4, "a"), Finding::kNothing);
  EXPECT_EQ(Add(kS2, 16, "a"), Finding::kNothing);
  EXPECT_EQ(comparison_.majority_state(), std::nullopt);
}

TEST_F(StateComparisonTest, TheFirstAnswerStands) {
  Advance(Check(8, "a"));
  EXPECT_EQ(Add(kS2, 8, "b"), Finding::kNothing);
  EXPECT_EQ(Add(kS2, 8, "a"), Finding::kNothing);
  EXPECT_EQ(comparison_.majority_state(), std::nullopt);
}

TEST_F(StateComparisonTest, OnceAllHaveAnsweredNobodyIsAskedUntilThereIsANewerIndex) {
  Advance(Check(8, "a"));
  Add(kS2, 8, "a");
  EXPECT_EQ(comparison_.asked_index(), LogIndex(8)) << "one may still be the odd one";
  Add(kS3, 8, "a");
  EXPECT_EQ(comparison_.asked_index(), LogIndex(0));
  EXPECT_EQ(Advance(Check(8, "a"), 1), Finding::kNothing);
  EXPECT_EQ(comparison_.asked_index(), LogIndex(0));
  Advance(Check(16, "a"), 1);
  EXPECT_EQ(comparison_.asked_index(), LogIndex(16));
  EXPECT_EQ(comparison_.majority_state(), Check(8, "a")) << "who is slow still hears of it";
}

TEST_F(StateComparisonTest, ASilentServerIsWaitedForSoLongOnly) {
  Advance(Check(8, "a"));
  Add(kS2, 8, "a");
  Advance(Check(16, "a"), kPatienceTicks - 1);
  EXPECT_EQ(comparison_.asked_index(), LogIndex(8));
  Advance(Check(24, "a"), kPatienceTicks);
  EXPECT_EQ(comparison_.asked_index(), LogIndex(24));
}

TEST_F(StateComparisonTest, StatesThatDifferAreADoubtOnceASilentServerWasWaitedFor) {
  Advance(Check(8, "a"));
  EXPECT_EQ(Add(kS2, 8, "b"), Finding::kNothing);
  EXPECT_EQ(Advance(Check(8, "a"), kPatienceTicks - 1), Finding::kNothing);
  EXPECT_EQ(Advance(Check(8, "a"), kPatienceTicks), Finding::kDoubt);
  EXPECT_EQ(Advance(Check(8, "a"), kPatienceTicks + 1), Finding::kNothing) << "said once";
}

TEST_F(StateComparisonTest, WhoeverComesBackUnderTheSameIdIsAskedAnew) {
  Advance(Check(8, "a"));
  EXPECT_EQ(Add(kS2, 8, "b"), Finding::kNothing);
  comparison_.Forget(kS2);
  EXPECT_EQ(Add(kS2, 8, "a"), Finding::kMajority);
}

TEST_F(StateComparisonTest, AloneALeaderIsItsOwnMajority) {
  members_ = ClusterConfiguration(std::vector<ServerId>{kS1});
  EXPECT_EQ(Advance(Check(8, "a")), Finding::kMajority);
}

TEST_F(StateComparisonTest, AJointConfigurationNeedsBothMajorities) {
  std::vector<Member> after;
  for (const ServerId id : {kS1, kS4, kS5}) {
    after.push_back({.server_id = id, .incarnation = 1, .peer_address = "a:1"});
  }
  members_ = ClusterConfiguration(members_, after);
  EXPECT_EQ(Advance(Check(8, "a")), Finding::kNothing);
  EXPECT_EQ(Add(kS2, 8, "a"), Finding::kNothing) << "a majority of the old set only";
  EXPECT_EQ(Add(kS4, 8, "a"), Finding::kMajority);
}

}  // namespace
}  // namespace raft::harness
