// Persistent state that notices its own changes, and what the resulting writes carry.
#include "core/server_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/core_harness/builders.h"
#include "tests/core_harness/test_disk.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

PersistentState StateWith(std::uint64_t term, const std::vector<std::uint64_t>& log_terms) {
  return PersistentState({.current_term = Term(term), .voted_for = std::nullopt},
                         RaftLog(At(0, 0), 0, LogOfTerms(log_terms)), Founding());
}

TEST(PersistentStateTest, HasNothingToSaveAfterAStart) {
  EXPECT_FALSE(StateWith(3, {1, 2}).has_unsaved_changes());
}

TEST(PersistentStateTest, ANewTermForgetsTheVoteAndMarksThePromise) {
  PersistentState state({.current_term = Term(3), .voted_for = kS2}, RaftLog(At(0, 0), 0, {}),
                        Founding());
  state.AdoptTerm(Term(5));
  EXPECT_EQ(state.voted_for(), std::nullopt);
  EXPECT_TRUE(state.has_unsaved_promise());
  EXPECT_EQ(state.TakePersistRequest().promise, (Promise{Term(5), std::nullopt}));
  EXPECT_FALSE(state.has_unsaved_changes());
}

TEST(PersistentStateTest, TermAndVoteLeaveInOneWrite) {
  PersistentState state = StateWith(1, {});
  state.AdoptTerm(Term(2));
  state.GrantVote(kS3);
  EXPECT_EQ(state.TakePersistRequest().promise, (Promise{Term(2), kS3}));
}

TEST(PersistentStateTest, GrantingTheSameVoteAgainNeedsNoWrite) {
  PersistentState state = StateWith(1, {});
  state.GrantVote(kS3);
  (void)state.TakePersistRequest();
  state.GrantVote(kS3);
  EXPECT_FALSE(state.has_unsaved_changes());
}

TEST(PersistentStateTest, AWriteCarriesEachNewEntryOnce) {
  PersistentState state = StateWith(2, {1});
  state.Append(Entry(2, 2));
  state.Append(Entry(3, 2));
  const PersistRequest first = state.TakePersistRequest();
  EXPECT_EQ(first.promise, std::nullopt);
  EXPECT_EQ(first.truncate_from, std::nullopt);
  EXPECT_THAT(IndexesOf(first.entries), ElementsAre(2, 3));
  state.Append(Entry(4, 2));
  EXPECT_THAT(IndexesOf(state.TakePersistRequest().entries), ElementsAre(4));
}

TEST(PersistentStateTest, TruncatingWhatTheDiskNeverHeardOfIsNoWrite) {
  PersistentState state = StateWith(2, {1});
  state.Append(Entry(2, 1));
  state.TruncateFrom(LogIndex(2));
  EXPECT_FALSE(state.has_unsaved_changes());
  state.Append(Entry(2, 2));
  const PersistRequest write = state.TakePersistRequest();
  EXPECT_EQ(write.truncate_from, std::nullopt);
  EXPECT_THAT(TermsOf(write.entries), ElementsAre(2));
}

TEST(PersistentStateTest, TruncationAndReplacementLeaveInOneWrite) {
  PersistentState state = StateWith(3, {1, 1, 1});
  state.TruncateFrom(LogIndex(2));
  state.Append(Entry(2, 3));
  const PersistRequest write = state.TakePersistRequest();
  EXPECT_EQ(write.truncate_from, LogIndex(2));
  EXPECT_THAT(IndexesOf(write.entries), ElementsAre(2));
  EXPECT_FALSE(state.has_unsaved_changes());
}

TEST(PersistentStateTest, OfSeveralTruncationsTheLowestCounts) {
  PersistentState state = StateWith(3, {1, 1, 1, 1});
  state.TruncateFrom(LogIndex(4));
  state.Append(Entry(4, 2));
  state.TruncateFrom(LogIndex(2));
  state.Append(Entry(2, 2));
  state.Append(Entry(3, 2));
  state.TruncateFrom(LogIndex(3));
  const PersistRequest write = state.TakePersistRequest();
  EXPECT_EQ(write.truncate_from, LogIndex(2));
  EXPECT_THAT(TermsOf(write.entries), ElementsAre(2));
}

TEST(PersistentStateTest, ATruncationAloneIsAWrite) {
  PersistentState state = StateWith(3, {1, 1});
  state.TruncateFrom(LogIndex(2));
  ASSERT_TRUE(state.has_unsaved_changes());
  const PersistRequest write = state.TakePersistRequest();
  EXPECT_EQ(write.truncate_from, LogIndex(2));
  EXPECT_THAT(write.entries, IsEmpty());
}

TEST(PersistentStateTest, TruncatingAWriteUnderWayIsToldToTheDisk) {
  PersistentState state = StateWith(3, {1});
  state.Append(Entry(2, 2));
  const PersistSequence under_way = state.TakePersistRequest().sequence;
  state.TruncateFrom(LogIndex(2));
  state.Append(Entry(2, 3));
  const PersistRequest write = state.TakePersistRequest();
  EXPECT_EQ(write.truncate_from, LogIndex(2));
  state.CompletePersist(under_way);
  EXPECT_EQ(state.durability().durable_index(), LogIndex(1));
}

// Any mixture of appends, truncations and writes leaves the disk with exactly the log in memory,
// and the durable index never claims an entry that a finished write does not hold.
TEST(PersistentStateTest, AnyMixtureOfChangesLeavesTheDiskLikeTheLog) {
  const char* replay = std::getenv("RAFT_TEST_SEED");
  const std::uint64_t first = replay != nullptr ? std::strtoull(replay, nullptr, 10) : 1;
  const std::uint64_t last = replay != nullptr ? first : 300;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("RAFT_TEST_SEED=" + std::to_string(seed));
    RandomSource random(seed);
    PersistentState state = StateWith(1, {});
    TestDisk disk({.current_term = Term(1), .voted_for = std::nullopt}, At(0, 0), {});
    std::deque<PersistRequest> waiting;
    for (int step = 0; step < 100; ++step) {
      const std::uint32_t choice = random.Between(0, 9);
      const LogIndex last_index = state.log().last_index();
      if (choice < 4) {
        state.Append(Entry(last_index.value() + 1, state.current_term().value()));
      } else if (choice < 6 && last_index > LogIndex(0)) {
        state.AdoptTerm(state.current_term().Next());
        state.TruncateFrom(
            LogIndex(random.Between(1, static_cast<std::uint32_t>(last_index.value()))));
      } else if (choice < 8 && state.has_unsaved_changes()) {
        waiting.push_back(state.TakePersistRequest());
      } else if (!waiting.empty()) {
        disk.Write(waiting.front());
        state.CompletePersist(waiting.front().sequence);
        waiting.pop_front();
      }
      const LogIndex durable = state.durability().durable_index();
      for (LogIndex index(1); index <= durable; index = index.Next()) {
        ASSERT_EQ(disk.EntryAt(index), state.log().At(index)) << "claims what the disk lacks";
      }
    }
    if (state.has_unsaved_changes()) waiting.push_back(state.TakePersistRequest());
    for (const PersistRequest& write : waiting) {
      disk.Write(write);
      state.CompletePersist(write.sequence);
    }
    EXPECT_EQ(disk.entries(), state.log().EntriesFrom(LogIndex(1), ~0ull));
    EXPECT_EQ(state.durability().durable_index(), state.log().last_index());
    ASSERT_FALSE(::testing::Test::HasFailure());
  }
}

TEST(ServerStateTest, EveryRequestNumberIsFresh) {
  ServerState state(kS1, ClusterConfiguration(FirstServers(3)), SmallOptions(), 1, {});
  const RequestNumber next = state.next_request_number();
  EXPECT_EQ(state.TakeRequestNumber(), next);
  EXPECT_GT(state.TakeRequestNumber(), next);
}

TEST(ServerStateTest, StartsWithTheCommitIndexAtWhatWasApplied) {
  ServerState state(kS1, ClusterConfiguration(FirstServers(3)), SmallOptions(), 1,
                    {.promise = {.current_term = Term(2), .voted_for = std::nullopt},
                     .base = At(0, 0),
                     .entries = LogOfTerms({1, 1, 2}),
                     .applied = At(2, 1)});
  EXPECT_EQ(state.commit_index, LogIndex(2));
  EXPECT_EQ(state.handed_to_apply_index, LogIndex(2));
  EXPECT_EQ(state.persistent.durability().durable_index(), LogIndex(3));
}

TEST(ServerStateDeathTest, TheCommitIndexNeitherFallsNorLeavesTheLog) {
  ServerState state(kS1, ClusterConfiguration(FirstServers(3)), SmallOptions(), 1,
                    Recovered({.term = 1, .log_terms = {1, 1}}));
  state.AdvanceCommitIndex(LogIndex(2));
  EXPECT_DEATH(state.AdvanceCommitIndex(LogIndex(1)), "commit index never falls");
  EXPECT_DEATH(state.AdvanceCommitIndex(LogIndex(3)), "only what is in the log is committed");
}

TEST(ServerStateDeathTest, RefusesARecoveredStateThatBreaksALaw) {
  const ClusterConfiguration three(FirstServers(3));
  EXPECT_DEATH(ServerState(ServerId(0), three, SmallOptions(), 1, {}), "a server has an id");
  EXPECT_DEATH(ServerState(kS1, three, SmallOptions(), 1, Recovered({.term = 1, .log_terms = {2}})),
               "a term this server has not seen");
  RecoveredState ahead = Recovered({.term = 1, .log_terms = {1}});
  ahead.applied = At(2, 1);
  EXPECT_DEATH(ServerState(kS1, three, SmallOptions(), 1, ahead), "what was applied is in the log");
  RaftOptions too_slow = SmallOptions();
  too_slow.heartbeat_ticks = 5;
  EXPECT_DEATH(ServerState(kS1, three, too_slow, 1, {}), "at least twice per election timeout");
}

TEST(PersistentStateDeathTest, RefusesChangesThatBreakALaw) {
  PersistentState state = StateWith(3, {});
  EXPECT_DEATH(state.AdoptTerm(Term(3)), "current term never falls");
  EXPECT_DEATH(state.Append(Entry(1, 4)), "a term yet to come");
  EXPECT_DEATH(state.GrantVote(ServerId(0)), "a candidate has an id");
  EXPECT_DEATH((void)state.TakePersistRequest(), "a write carries something");
  state.GrantVote(kS2);
  EXPECT_DEATH(state.GrantVote(kS3), "Election Safety: one vote per term");
}

}  // namespace
}  // namespace raft::harness
