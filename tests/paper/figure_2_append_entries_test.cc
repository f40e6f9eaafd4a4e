// Figure 2, AppendEntries RPC, receiver implementation, steps 1 to 5, line by line.
//
// The server under test is S1, a follower; the test is its leader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/core_harness/peers_by_hand.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

AppendEntriesResponse Ask(ServerUnderTest& server, const AppendEntriesFields& fields) {
  const CallId call = server.Receive(fields.leader, AppendEntries(fields));
  const auto answer = server.Answer<AppendEntriesResponse>(call);
  EXPECT_TRUE(answer.has_value()) << "the request was not answered";
  return answer.value_or(AppendEntriesResponse{});
}

ServerUnderTest FollowerWithLog(const std::vector<std::uint64_t>& terms) {
  const std::uint64_t term = terms.empty() ? 0 : terms.back();
  return ServerUnderTest({.recovered = Recovered({.term = term, .log_terms = terms})});
}

// ---- Step 1: "Reply false if term < currentTerm (§5.1)."

TEST(AppendEntriesStep1Test, RefusesAStaleTermAndTellsTheCurrentOne) {
  ServerUnderTest server({.recovered = Recovered({.term = 3, .log_terms = {1, 1}})});
  const auto answer =
      Ask(server, {.term = 2, .previous = At(2, 1), .entries = {Entry(3, 2)}, .commit = 2});
  EXPECT_FALSE(answer.success);
  EXPECT_EQ(answer.term, Term(3));
  EXPECT_EQ(answer.conflict, std::nullopt);
  EXPECT_THAT(server.log_terms(), ElementsAre(1, 1));
  EXPECT_EQ(server.commit_index(), 0u);
  EXPECT_EQ(server.status().leader, std::nullopt);
}

// ---- Step 2: "Reply false if log doesn't contain an entry at prevLogIndex whose term matches
// prevLogTerm (§5.3)."

TEST(AppendEntriesStep2Test, RefusesWhenTheLogIsTooShort) {
  ServerUnderTest server = FollowerWithLog({1, 1});
  const auto answer = Ask(server, {.previous = At(4, 1), .entries = {Entry(5, 1)}});
  EXPECT_FALSE(answer.success);
  EXPECT_THAT(server.log_terms(), ElementsAre(1, 1));
}

TEST(AppendEntriesStep2Test, RefusesWhenThePreviousEntryIsOfAnotherTerm) {
  ServerUnderTest server = FollowerWithLog({1, 1, 2});
  const auto answer = Ask(server, {.term = 3, .previous = At(3, 3), .entries = {Entry(4, 3)}});
  EXPECT_FALSE(answer.success);
  EXPECT_THAT(server.log_terms(), ElementsAre(1, 1, 2));
}

TEST(AppendEntriesStep2Test, RefusesAHeartbeatWhosePreviousEntryItLacks) {
  ServerUnderTest server = FollowerWithLog({1, 1});
  EXPECT_FALSE(Ask(server, {.previous = At(3, 1)}).success);
}

TEST(AppendEntriesStep2Test, AcceptsThePlaceBeforeTheFirstEntry) {
  ServerUnderTest server = FollowerWithLog({});
  EXPECT_TRUE(Ask(server, {.previous = At(0, 0), .entries = {Entry(1, 1)}}).success);
  EXPECT_THAT(server.log_terms(), ElementsAre(1));
}

// §5.3, end: what the answer tells, so that the leader backs up by whole terms.
TEST(AppendEntriesStep2Test, TellsWhereItsLogEndsWhenItIsTooShort) {
  ServerUnderTest server = FollowerWithLog({1, 1});
  const auto answer = Ask(server, {.previous = At(9, 1)});
  EXPECT_EQ(answer.conflict, (ConflictHint{.term = std::nullopt, .index = LogIndex(3)}));
}

TEST(AppendEntriesStep2Test, TellsTheConflictingTermAndItsFirstIndex) {
  ServerUnderTest server = FollowerWithLog({1, 1, 2, 2, 2});
  const auto answer = Ask(server, {.term = 4, .previous = At(5, 4)});
  EXPECT_EQ(answer.conflict, (ConflictHint{.term = Term(2), .index = LogIndex(3)}));
}

// Trap B8: the leader would back up to index 0.
TEST(AppendEntriesStep2Test, NeverTellsAnIndexBelowOne) {
  ServerUnderTest empty = FollowerWithLog({});
  EXPECT_EQ(Ask(empty, {.previous = At(5, 1)}).conflict,
            (ConflictHint{.term = std::nullopt, .index = LogIndex(1)}));
  ServerUnderTest one_term = FollowerWithLog({2, 2, 2});
  EXPECT_EQ(Ask(one_term, {.term = 4, .previous = At(3, 3)}).conflict,
            (ConflictHint{.term = Term(2), .index = LogIndex(1)}));
}

// ---- Step 3: "If an existing entry conflicts with a new one (same index but different terms),
// delete the existing entry and all that follow it (§5.3)."

TEST(AppendEntriesStep3Test, DeletesTheConflictingEntryAndAllThatFollow) {
  ServerUnderTest server = FollowerWithLog({1, 1, 2, 2, 2});
  const auto answer = Ask(server, {.term = 3, .previous = At(2, 1), .entries = {Entry(3, 3)}});
  EXPECT_TRUE(answer.success);
  EXPECT_THAT(server.log_terms(), ElementsAre(1, 1, 3));
  const auto truncated = server.EventsOf<EntriesTruncated>();
  ASSERT_THAT(truncated, SizeIs(1));
  EXPECT_EQ(truncated[0].first, LogIndex(3));
  EXPECT_EQ(truncated[0].count, 3u);
}

TEST(AppendEntriesStep3Test, KeepsTheEntriesBeforeTheFirstConflict) {
  ServerUnderTest server = FollowerWithLog({1, 1, 2, 2});
  Ask(server,
      {.term = 3, .previous = At(1, 1), .entries = {Entry(2, 1), Entry(3, 2), Entry(4, 3)}});
  EXPECT_THAT(server.log_terms(), ElementsAre(1, 1, 2, 3));
  EXPECT_EQ(server.EventsOf<EntriesTruncated>().at(0).first, LogIndex(4));
}

// Truncation and append are one write: a crash between them would leave a log nobody ever had.
TEST(AppendEntriesStep3Test, ReplacesASuffixInOneWrite) {
  ServerUnderTest server = FollowerWithLog({1, 1, 2, 2});
  server.HoldDisk();
  server.Receive(
      kS2, AppendEntries({.term = 3, .previous = At(2, 1), .entries = {Entry(3, 3), Entry(4, 3)}}));
  ASSERT_THAT(server.writes_waiting(), SizeIs(1));
  EXPECT_EQ(server.writes_waiting().front().truncate_from, LogIndex(3));
  EXPECT_THAT(IndexesOf(server.writes_waiting().front().entries), ElementsAre(3, 4));
}

// Trap B3: a delayed message may not take back what a later one brought.
TEST(AppendEntriesStep3Test, KeepsMatchingEntriesBehindALateShorterMessage) {
  ServerUnderTest server = FollowerWithLog({});
  Ask(server, {.entries = LogOfTerms({1, 1, 1})});
  const auto late = Ask(server, {.entries = LogOfTerms({1})});
  EXPECT_TRUE(late.success);
  EXPECT_THAT(server.log_terms(), ElementsAre(1, 1, 1));
  EXPECT_THAT(server.EventsOf<EntriesTruncated>(), IsEmpty());
}

TEST(AppendEntriesStep3Test, KeepsEverythingBehindAHeartbeat) {
  ServerUnderTest server = FollowerWithLog({1, 1, 1});
  EXPECT_TRUE(Ask(server, {.previous = At(1, 1)}).success);
  EXPECT_THAT(server.log_terms(), ElementsAre(1, 1, 1));
}

TEST(AppendEntriesStep3Test, WritesNothingForADuplicatedMessage) {
  ServerUnderTest server = FollowerWithLog({});
  Ask(server, {.entries = LogOfTerms({1, 1})});
  const std::size_t writes_before = server.all_writes().size();
  EXPECT_EQ(Ask(server, {.entries = LogOfTerms({1, 1})}).match_index, LogIndex(2));
  EXPECT_EQ(server.all_writes().size(), writes_before);
}

// Trap B17: what is committed is never taken back; whoever asks for it is broken.
TEST(AppendEntriesStep3Test, RefusesAConflictInTheCommittedPrefix) {
  ServerUnderTest server = FollowerWithLog({1, 1, 1});
  ASSERT_TRUE(Ask(server, {.previous = At(3, 1), .commit = 2}).success);
  const auto answer =
      Ask(server, {.term = 2, .leader = kS3, .previous = At(1, 1), .entries = {Entry(2, 2)}});
  EXPECT_FALSE(answer.success);
  EXPECT_THAT(server.log_terms(), ElementsAre(1, 1, 1));
  EXPECT_THAT(server.EventsOf<EntriesTruncated>(), IsEmpty());
  ASSERT_THAT(server.EventsOf<ImpossibleMessageRefused>(), SizeIs(1));
  EXPECT_EQ(server.EventsOf<ImpossibleMessageRefused>()[0].peer, kS3);
}

// ---- Step 4: "Append any new entries not already in the log."

TEST(AppendEntriesStep4Test, AppendsEntriesAfterThePreviousOne) {
  ServerUnderTest server = FollowerWithLog({1});
  Ask(server, {.term = 2, .previous = At(1, 1), .entries = {Entry(2, 1), Entry(3, 2)}});
  EXPECT_THAT(server.log_terms(), ElementsAre(1, 1, 2));
}

// Bytes from a peer must not reach an assertion, and log time never falls along the log.
TEST(AppendEntriesStep4Test, RefusesEntriesWhoseLogTimeFalls) {
  ServerUnderTest server = FollowerWithLog({1, 1});
  auto from_the_past = std::make_shared<LogEntry>(*Entry(3, 1));
  from_the_past->log_time_ms = 1;
  const auto answer = Ask(server, {.previous = At(2, 1), .entries = {from_the_past}});
  EXPECT_FALSE(answer.success);
  EXPECT_THAT(server.log_terms(), ElementsAre(1, 1));
  EXPECT_THAT(server.EventsOf<ImpossibleMessageRefused>(), SizeIs(1));
}

TEST(AppendEntriesStep4Test, AppendsOnlyWhatItDoesNotHoldYet) {
  ServerUnderTest server = FollowerWithLog({1, 1});
  Ask(server, {.entries = LogOfTerms({1, 1, 1, 1})});
  EXPECT_THAT(server.log_terms(), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(IndexesOf(server.all_writes().back().entries), ElementsAre(3, 4));
  EXPECT_EQ(server.all_writes().back().truncate_from, std::nullopt);
}

// Trap B6: success speaks of this message's entries, not of whatever else is in the log.
TEST(AppendEntriesStep4Test, ClaimsAMatchOnlyUpToTheLastEntryOfThisMessage) {
  ServerUnderTest server = FollowerWithLog({1, 1, 1, 1, 1});
  const auto answer = Ask(server, {.term = 2, .previous = At(1, 1), .entries = {Entry(2, 1)}});
  EXPECT_TRUE(answer.success);
  EXPECT_EQ(answer.match_index, LogIndex(2));
}

TEST(AppendEntriesStep4Test, ClaimsAMatchAtThePreviousEntryForAHeartbeat) {
  ServerUnderTest server = FollowerWithLog({1, 1, 1, 1, 1});
  EXPECT_EQ(Ask(server, {.term = 2, .previous = At(3, 1)}).match_index, LogIndex(3));
}

// ---- Step 5: "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last
// new entry)."

TEST(AppendEntriesStep5Test, FollowsTheLeadersCommitIndex) {
  ServerUnderTest server = FollowerWithLog({});
  Ask(server, {.entries = LogOfTerms({1, 1, 1}), .commit = 2});
  EXPECT_EQ(server.commit_index(), 2u);
  ASSERT_FALSE(server.EventsOf<CommitAdvanced>().empty());
  EXPECT_EQ(server.EventsOf<CommitAdvanced>().back().commit_index, LogIndex(2));
}

TEST(AppendEntriesStep5Test, FollowsItOnlyUpToTheLastNewEntry) {
  ServerUnderTest server = FollowerWithLog({});
  Ask(server, {.entries = LogOfTerms({1, 1, 1}), .commit = 9});
  EXPECT_EQ(server.commit_index(), 3u);
}

// Trap B4: the suffix behind the verified entry may be another leader's.
TEST(AppendEntriesStep5Test, AHeartbeatCommitsNothingBehindItsPreviousEntry) {
  ServerUnderTest server = FollowerWithLog({1, 1, 2, 2});
  Ask(server, {.term = 3, .previous = At(2, 1), .commit = 4});
  EXPECT_EQ(server.commit_index(), 2u);
  EXPECT_THAT(IndexesOf(server.handed_to_apply()), ElementsAre(1, 2));
}

// Trap B4, with entries in the message.
TEST(AppendEntriesStep5Test, EntriesThatMatchCommitNothingBehindTheLastOfThem) {
  ServerUnderTest server = FollowerWithLog({1, 1, 2, 2});
  Ask(server, {.term = 3, .previous = At(0, 0), .entries = {Entry(1, 1)}, .commit = 4});
  EXPECT_EQ(server.commit_index(), 1u);
}

TEST(AppendEntriesStep5Test, AMismatchCommitsNothing) {
  ServerUnderTest server = FollowerWithLog({1, 1, 2});
  Ask(server, {.term = 3, .previous = At(3, 3), .commit = 3});
  EXPECT_EQ(server.commit_index(), 0u);
}

// Trap B7: a new leader may know of less.
TEST(AppendEntriesStep5Test, TheCommitIndexNeverFalls) {
  ServerUnderTest server = FollowerWithLog({1, 1, 1});
  Ask(server, {.previous = At(3, 1), .commit = 3});
  Ask(server, {.term = 2, .leader = kS3, .previous = At(3, 1), .commit = 1});
  EXPECT_EQ(server.commit_index(), 3u);
}

}  // namespace
}  // namespace raft::harness
