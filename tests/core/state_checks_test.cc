// What a server knows of its own state and of the majority's (core/state_checks.h).
#include "core/state_checks.h"

#include <gtest/gtest.h>

#include <optional>

namespace raft {
namespace {

StateCheck Check(std::uint64_t index, const char* digest) {
  return {.index = LogIndex(index), .digest = digest};
}

TEST(AreStatesComparedAfterTest, AtTheMultiplesOfANumberAndWhereATermBegins) {
  const auto is_compared = [](std::uint64_t index, EntryKind kind) {
    return AreStatesComparedAfter(
        {.index = LogIndex(index), .term = Term(1), .kind = kind, .data = {}}, 8);
  };
  EXPECT_TRUE(is_compared(8, EntryKind::kCommand));
  EXPECT_TRUE(is_compared(16, EntryKind::kConfiguration));
  EXPECT_TRUE(is_compared(9, EntryKind::kNoOp));
  EXPECT_FALSE(is_compared(9, EntryKind::kCommand));
  EXPECT_FALSE(is_compared(7, EntryKind::kConfiguration));
}

class StateChecksTest : public ::testing::Test {
 protected:
  StateChecks checks_{std::nullopt};
};

TEST_F(StateChecksTest, AStateThatTheMajorityHoldsToo) {
  EXPECT_FALSE(checks_.Record(Check(8, "a")));
  EXPECT_FALSE(checks_.LearnMajority(Check(8, "a")));
  EXPECT_EQ(checks_.verified_index(), LogIndex(8));
  EXPECT_EQ(checks_.diverged_index(), std::nullopt);
}

TEST_F(StateChecksTest, AnotherStateThanTheMajoritysIsNewsOnce) {
  EXPECT_FALSE(checks_.Record(Check(8, "a")));
  EXPECT_TRUE(checks_.LearnMajority(Check(8, "b")));
  EXPECT_EQ(checks_.diverged_index(), LogIndex(8));
  EXPECT_FALSE(checks_.Record(Check(16, "a")));
  EXPECT_FALSE(checks_.LearnMajority(Check(16, "b")));
  EXPECT_EQ(checks_.diverged_index(), LogIndex(8));
}

TEST_F(StateChecksTest, TheMajoritysStateMayBeKnownBeforeTheOwn) {
  EXPECT_FALSE(checks_.LearnMajority(Check(8, "b")));
  EXPECT_TRUE(checks_.Record(Check(8, "a")));
}

TEST_F(StateChecksTest, ForLackOfADigestNobodyIsJudged) {
  EXPECT_FALSE(checks_.LearnMajority(Check(8, "b")));
  EXPECT_FALSE(checks_.Record(Check(16, "a"))) << "the majority was asked about index 8";
  EXPECT_FALSE(checks_.LearnMajority(Check(12, "b")));
  EXPECT_EQ(checks_.diverged_index(), std::nullopt);
  EXPECT_EQ(checks_.verified_index(), LogIndex(0));
}

TEST_F(StateChecksTest, WhatAnOlderMessageSaysOfTheMajorityChangesNothing) {
  EXPECT_FALSE(checks_.Record(Check(8, "a")));
  EXPECT_FALSE(checks_.LearnMajority(Check(16, "b")));
  EXPECT_FALSE(checks_.LearnMajority(Check(8, "b")));
  EXPECT_EQ(checks_.diverged_index(), std::nullopt);
}

TEST_F(StateChecksTest, AStateThatTookThePlaceOfAnotherIsJudgedAnew) {
  EXPECT_FALSE(checks_.Record(Check(8, "a")));
  EXPECT_TRUE(checks_.LearnMajority(Check(8, "b")));
  checks_.BeginAnew();
  EXPECT_EQ(checks_.diverged_index(), std::nullopt);
  EXPECT_EQ(checks_.newest(), nullptr);
  EXPECT_FALSE(checks_.LearnMajority(Check(8, "b"))) << "its digest there is not known";
  EXPECT_FALSE(checks_.Record(Check(16, "c")));
  EXPECT_FALSE(checks_.LearnMajority(Check(16, "c")));
  EXPECT_EQ(checks_.verified_index(), LogIndex(16));
}

TEST_F(StateChecksTest, TheOldestDigestsAreForgotten) {
  for (std::uint64_t index = 1; index <= 200; ++index) {
    EXPECT_FALSE(checks_.Record(Check(index, "a")));
  }
  EXPECT_EQ(checks_.At(LogIndex(1)), nullptr);
  ASSERT_NE(checks_.At(LogIndex(150)), nullptr);
  EXPECT_EQ(checks_.At(LogIndex(150))->index, LogIndex(150));
  EXPECT_EQ(checks_.newest()->index, LogIndex(200));
}

TEST(StateChecksAtStartTest, AStateThatWasMarkedStaysPutAside) {
  StateChecks checks(LogIndex(5));
  EXPECT_EQ(checks.diverged_index(), LogIndex(5));
  EXPECT_FALSE(checks.Record(Check(8, "a")));
  EXPECT_FALSE(checks.LearnMajority(Check(8, "a"))) << "a digest that fits by chance is no cure";
  EXPECT_EQ(checks.diverged_index(), LogIndex(5));
}

}  // namespace
}  // namespace raft
