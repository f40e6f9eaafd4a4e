// A follower whose log was trimmed meets AppendEntries that begin before its base (traps B9, B10):
// what was trimmed is committed, so it agrees with every honest leader, and no peer's bytes stop
// the server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "core/follower.h"
#include "tests/core/role_bench.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class FollowerAfterBaseTest : public ::testing::Test {
 protected:
  // A follower of term 3 whose log begins after entry 5 of term 2; entries 6 and 7 are of term 2,
  // entry 6 is applied.
  FollowerAfterBaseTest()
      : bench_(Recovered({.term = 3, .log_terms = {2, 2}, .applied = 6, .base = At(5, 2)})),
        follower_(bench_.Enter<Follower>()) {}

  AppendEntriesResponse Receive(AppendEntriesFields fields) {
    fields.term = 3;
    ExpectStay(follower_->OnAppendEntriesRequest(AppendEntries(fields), kFromS2));
    bench_.Persist();
    const auto answers = bench_.ReleaseResponses<AppendEntriesResponse>();
    EXPECT_THAT(answers, SizeIs(1)) << "every request gets exactly one answer";
    return answers.empty() ? AppendEntriesResponse{} : answers.front();
  }
  std::vector<std::uint64_t> LogTerms() {
    return TermsOf(bench_.state().log().EntriesFrom(LogIndex(6), ~0ull));
  }

  RoleBench bench_;
  std::unique_ptr<Follower> follower_;
};

TEST_F(FollowerAfterBaseTest, AHeartbeatBeforeTheBaseMatches) {
  const AppendEntriesResponse answer = Receive({.previous = At(3, 1)});
  EXPECT_TRUE(answer.success) << "what was trimmed is committed";
  EXPECT_EQ(answer.match_index, LogIndex(3)) << "no more than was asked (B6)";
}

TEST_F(FollowerAfterBaseTest, AHeartbeatAtTheBaseMatches) {
  EXPECT_EQ(Receive({.previous = At(5, 2)}).match_index, LogIndex(5));
}

TEST_F(FollowerAfterBaseTest, EntriesThatEndBeforeTheBaseChangeNothing) {
  const AppendEntriesResponse answer =
      Receive({.previous = At(1, 1), .entries = LogOfTerms({1, 1}, 2), .commit = 9});
  EXPECT_TRUE(answer.success);
  EXPECT_EQ(answer.match_index, LogIndex(3));
  EXPECT_THAT(LogTerms(), ElementsAre(2, 2));
  EXPECT_EQ(bench_.state().commit_index, LogIndex(6)) << "bounded by what was verified (B4)";
}

TEST_F(FollowerAfterBaseTest, EntriesFromTheVeryBeginningAreNotAppendedTwice) {
  const AppendEntriesResponse answer =
      Receive({.previous = At(0, 0), .entries = LogOfTerms({1, 1, 1, 1, 2, 2, 2, 3}, 1)});
  EXPECT_TRUE(answer.success) << "trap B9";
  EXPECT_EQ(answer.match_index, LogIndex(8));
  EXPECT_THAT(LogTerms(), ElementsAre(2, 2, 3));
}

TEST_F(FollowerAfterBaseTest, EntriesThatSpanTheBaseAddWhatIsNew) {
  const AppendEntriesResponse answer =
      Receive({.previous = At(4, 1), .entries = LogOfTerms({2, 2, 3}, 5), .commit = 7});
  EXPECT_EQ(answer.match_index, LogIndex(7));
  EXPECT_THAT(LogTerms(), ElementsAre(2, 3)) << "entry 7 was not committed and is replaced";
  EXPECT_EQ(bench_.state().commit_index, LogIndex(7));
}

TEST_F(FollowerAfterBaseTest, EntriesThatEndAtTheBaseMatch) {
  EXPECT_EQ(Receive({.previous = At(3, 1), .entries = LogOfTerms({1, 2}, 4)}).match_index,
            LogIndex(5));
}

TEST_F(FollowerAfterBaseTest, AnotherEntryAtTheBaseIsImpossible) {
  const AppendEntriesResponse answer =
      Receive({.previous = At(4, 1), .entries = LogOfTerms({1, 3}, 5)});
  EXPECT_FALSE(answer.success);
  EXPECT_EQ(answer.conflict, std::nullopt) << "no hint: nothing is to be backed up";
  EXPECT_TRUE(bench_.NotedImpossible("Leader Completeness"));
  EXPECT_THAT(LogTerms(), ElementsAre(2, 2));
}

TEST_F(FollowerAfterBaseTest, AnotherTermOfTheBaseIsImpossible) {
  EXPECT_FALSE(Receive({.previous = At(5, 1)}).success);
  EXPECT_TRUE(bench_.NotedImpossible("Leader Completeness"));
}

TEST_F(FollowerAfterBaseTest, AnotherEntryAfterTheBaseThatIsCommittedIsImpossible) {
  EXPECT_FALSE(Receive({.previous = At(3, 1), .entries = LogOfTerms({1, 2, 3}, 4)}).success);
  EXPECT_TRUE(bench_.NotedImpossible("Leader Completeness"));
}

TEST_F(FollowerAfterBaseTest, AConflictNamesNoPlaceBeforeTheLog) {
  const AppendEntriesResponse answer = Receive({.previous = At(7, 3)});
  EXPECT_FALSE(answer.success);
  ASSERT_TRUE(answer.conflict.has_value());
  EXPECT_EQ(answer.conflict->term, Term(2));
  EXPECT_EQ(answer.conflict->index, LogIndex(6)) << "the run of its term, as far as it is left";
}

TEST_F(FollowerAfterBaseTest, ALogThatIsOnlyABaseIsTooShortAfterIt) {
  RoleBench bench(Recovered({.term = 3, .base = At(5, 2)}));
  const auto follower = bench.Enter<Follower>();
  ExpectStay(
      follower->OnAppendEntriesRequest(AppendEntries({.term = 3, .previous = At(9, 3)}), kFromS2));
  EXPECT_EQ(bench.ReleaseResponses<AppendEntriesResponse>().at(0).conflict,
            (ConflictHint{.term = std::nullopt, .index = LogIndex(6)}));
}

TEST_F(FollowerAfterBaseTest, LogTimeMayNotFallBehindTheBase) {
  RoleBench bench(Recovered({.term = 3, .base = At(5, 2)}));
  const auto follower = bench.Enter<Follower>();
  LogEntry old = *Entry(6, 3);
  old.log_time_ms = 1;
  ExpectStay(follower->OnAppendEntriesRequest(
      AppendEntries(
          {.term = 3, .previous = At(5, 2), .entries = {std::make_shared<const LogEntry>(old)}}),
      kFromS2));
  EXPECT_TRUE(bench.NotedImpossible("log time never falls"));
}

}  // namespace
}  // namespace raft::harness
