// What may come between the steps of an install: entries, commits, votes, elections, writes that
// were under way, crashes (traps B15, C3, C5, C19).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/snapshot_install_bench.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using SnapshotSwitchTest = SnapshotInstallTest;

// ---- What happens while the state is switched.

TEST_F(SnapshotSwitchTest, NothingIsHandedToTheStateMachineWhileItSwitches) {
  Start();
  HoldAll();
  OfferUpTo(At(5, 2));
  server_->StoreSnapshot();
  server_->ReleaseDisk();
  Append({.term = 2, .previous = At(3, 1), .entries = LogOfTerms({2, 2, 2, 2}, 4), .commit = 7});
  EXPECT_EQ(server_->commit_index(), 7u) << "committed beyond the snapshot meanwhile";
  EXPECT_THAT(server_->handed_to_apply(), IsEmpty());
  server_->FinishApply();
  EXPECT_EQ(server_->status().applied_index, LogIndex(5));
  EXPECT_THAT(server_->handed_to_apply(), IsEmpty()) << "the install is not complete";
  server_->ReleaseApply();
  EXPECT_THAT(IndexesOf(server_->handed_to_apply()), ElementsAre(6, 7));
  EXPECT_EQ(server_->status().applied_index, LogIndex(7));
}

TEST_F(SnapshotSwitchTest, EntriesHandedOverBeforeTheSwitchAreAppliedBeforeIt) {
  Start();
  server_->HoldApply();
  Append({.term = 2, .previous = At(3, 1), .commit = 3});
  OfferUpTo(At(9, 2));
  EXPECT_EQ(server_->apply_work_waiting(), 2u) << "entry 3, then the switch";
  server_->ReleaseApply();
  EXPECT_EQ(server_->status().applied_index, LogIndex(9));
}

TEST_F(SnapshotSwitchTest, AppendEntriesAreAnsweredAtEveryStage) {
  Start();
  server_->HoldSnapshots();
  server_->HoldApply();
  OfferUpTo(At(9, 2));
  EXPECT_FALSE(Append({.term = 2, .previous = At(9, 2)}).success) << "not here yet";
  server_->StoreSnapshot();
  EXPECT_FALSE(Append({.term = 2, .previous = At(9, 2)}).success) << "not in the log yet";
  server_->FinishApply();
  EXPECT_TRUE(Append({.term = 2, .previous = At(9, 2)}).success) << "the base is durable";
  EXPECT_EQ(Append({.term = 2, .previous = At(9, 2), .entries = LogOfTerms({2}, 10)}).match_index,
            LogIndex(10));
  server_->ReleaseApply();
  EXPECT_EQ(server_->status().last_log_index, LogIndex(10));
}

TEST_F(SnapshotSwitchTest, EntriesAfterABaseThatIsNotDurableAreNotClaimed) {
  Start();
  HoldAll();
  OfferUpTo(At(9, 2));
  server_->StoreSnapshot();
  server_->FinishApply();
  const CallId call = server_->Receive(
      kS2, AppendEntries({.term = 2, .previous = At(9, 2), .entries = LogOfTerms({2}, 10)}));
  EXPECT_EQ(server_->AnswersTo(call), 0u);
  server_->CompleteWrites(1);
  EXPECT_EQ(server_->AnswersTo(call), 0u) << "the base is durable, the entry is not";
  server_->CompleteWrites(1);
  EXPECT_EQ(server_->AnswersTo(call), 1u);
}

TEST_F(SnapshotSwitchTest, VotesAreGivenByTheLogAsItStandsAtEachStage) {
  Start({.term = 2, .log_terms = {1, 1, 1}});
  HoldAll();
  OfferUpTo(At(9, 2));
  server_->StoreSnapshot();
  server_->ReleaseDisk();
  server_->TickTimes(10);  // No leader is near any more.
  const auto vote = [&](std::uint64_t term, LogPosition last_log) {
    const CallId call =
        server_->Receive(kS3, RequestVote({.term = term, .candidate = kS3, .last_log = last_log}));
    return server_->Answer<RequestVoteResponse>(call)->vote_granted;
  };
  EXPECT_FALSE(vote(4, At(2, 1)));
  server_->FinishApply();
  EXPECT_FALSE(vote(5, At(8, 2))) << "the base counts as the last entry (§5.4.1)";
  EXPECT_TRUE(vote(6, At(9, 2)));
  server_->ReleaseApply();
  EXPECT_EQ(base(), 9u);
}

TEST_F(SnapshotSwitchTest, AServerThatWinsAnElectionMeanwhileGoesOnLeading) {
  Start();
  HoldAll();
  OfferUpTo(At(5, 2));
  server_->StoreSnapshot();
  server_->ReleaseDisk();
  Append({.term = 2, .previous = At(3, 1), .entries = LogOfTerms({2, 2, 2}, 4)});
  BecomeLeader(*server_);
  server_->Propose("x");
  server_->ReleaseApply();
  EXPECT_EQ(server_->role(), RoleName::kLeader);
  EXPECT_EQ(base(), 5u);
  CatchUpAll(*server_);
  EXPECT_EQ(server_->status().applied_index, server_->status().last_log_index);
}

TEST_F(SnapshotSwitchTest, ABallotAmongTheMembersOfBeforeEndsWithTheSwitch) {
  Start();
  server_->HoldApply();
  OfferUpTo(At(9, 2));
  server_->TickTimes(2 * SmallOptions().election_timeout_ticks_max);
  ASSERT_EQ(server_->role(), RoleName::kPreCandidate);
  server_->ReleaseApply();
  EXPECT_EQ(server_->role(), RoleName::kFollower);
}

TEST_F(SnapshotSwitchTest, ALeaderThatContradictsTheSnapshotUnderWayIsRefused) {
  Start({.term = 3, .log_terms = {1, 1, 1}, .applied = 2});
  server_->HoldApply();
  server_->Receive(kS2, Offer({.term = 3, .last_included = At(5, 2)}));
  EXPECT_FALSE(
      Append({.term = 3, .previous = At(3, 1), .entries = LogOfTerms({3, 3, 3}, 4), .commit = 6})
          .success);
  server_->ReleaseApply();
  EXPECT_EQ(base(), 5u) << "a peer's bytes stop nobody";
}

TEST_F(SnapshotSwitchTest, ALeaderThatConfirmsAnotherHistoryThanTheSnapshotIsRefused) {
  Start({.term = 3, .log_terms = {1, 1, 1, 1, 1, 1}, .applied = 2});
  server_->HoldApply();
  server_->Receive(kS2, Offer({.term = 3, .last_included = At(5, 2)}));
  EXPECT_FALSE(Append({.term = 3, .previous = At(6, 1), .commit = 6}).success);
  EXPECT_TRUE(Append({.term = 3, .previous = At(3, 1), .commit = 3}).success);
  server_->ReleaseApply();
  EXPECT_EQ(base(), 5u);
}

// ---- The promise comes first.

// A start would refuse a state of a term that the promise on disk does not know.
TEST_F(SnapshotSwitchTest, TheStateIsNotSwitchedBeforeItsTermIsDurable) {
  Start();
  HoldAll();
  server_->Receive(kS3, Offer({.term = 4, .leader = kS3, .last_included = At(5, 3)}));
  server_->StoreSnapshot();
  EXPECT_EQ(server_->apply_work_waiting(), 0u);
  server_->CompleteWrites(1);
  EXPECT_EQ(server_->apply_work_waiting(), 1u);
  server_->ReleaseDisk();
  server_->ReleaseApply();
  EXPECT_EQ(base(), 5u);
}

// ---- Crashes (traps C3, C5).

TEST_F(SnapshotSwitchTest, ACrashAtEveryStepLeavesWhatAStartCanFinish) {
  for (int steps = 0; steps <= 4; ++steps) {
    Start({.term = 2, .log_terms = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, .applied = 2});
    HoldAll();
    OfferUpTo(At(9, 2));
    if (steps >= 1) server_->StoreSnapshot();
    if (steps >= 2) server_->FinishApply();
    if (steps >= 3) server_->ReleaseDisk();
    if (steps >= 4) server_->ReleaseApply();
    ServerUnderTest restarted(server_->SetupAfterCrash());
    const bool has_switched = steps >= 2;
    const RaftStatus status = restarted.status();
    EXPECT_EQ(status.applied_index, LogIndex(has_switched ? 9 : 2)) << steps << " steps";
    EXPECT_EQ(status.first_log_index, LogIndex(has_switched ? 10 : 1)) << steps << " steps";
    EXPECT_EQ(status.last_log_index, LogIndex(has_switched ? 9 : 10))
        << steps << " steps: the old suffix is of another history (C2)";
    const CallId again = restarted.Receive(kS2, Offer({.term = 2, .last_included = At(9, 2)}));
    EXPECT_TRUE(restarted.Answer<InstallSnapshotResponse>(again)->success) << steps << " steps";
    EXPECT_EQ(restarted.state().position, At(9, 2)) << steps << " steps";
  }
}

// ---- Mistakes of the world.

using SnapshotSwitchDeathTest = SnapshotInstallTest;

TEST_F(SnapshotSwitchDeathTest, ASwitchThatWasNotAskedForIsAMistake) {
  Start();
  EXPECT_DEATH(server_->Step(StateSwitched{.last_included = At(9, 2)}),
               "a state is switched once, when it was asked for");
}

TEST_F(SnapshotSwitchDeathTest, ASwitchToSomethingElseIsAMistake) {
  Start();
  server_->HoldApply();
  OfferUpTo(At(9, 2));
  EXPECT_DEATH(server_->Step(StateSwitched{.last_included = At(8, 2)}),
               "what was stored was switched to");
}

TEST_F(SnapshotSwitchDeathTest, ACompletionThatWasNotAskedForIsAMistake) {
  Start();
  EXPECT_DEATH(server_->Step(InstallCompleted{}), "an install is completed once");
}

}  // namespace
}  // namespace raft::harness
