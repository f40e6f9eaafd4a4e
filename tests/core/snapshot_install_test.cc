// A follower is offered snapshots: the steps of an install, what is kept, what is not needed, every
// refusal, two offers (Figure 13, receiver implementation; traps C1, C2, C6, C15). What may come in
// between: snapshot_switch_test.cc.
#include "core/snapshot_install.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/role_bench.h"
#include "tests/core/snapshot_install_bench.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// ---- The steps.

TEST_F(SnapshotInstallTest, EachStepWaitsForTheOneBefore) {
  Start();
  HoldAll();
  const CallId call = OfferUpTo(At(9, 2));
  ASSERT_TRUE(server_->snapshot_arriving().has_value());
  EXPECT_EQ(server_->apply_work_waiting(), 0u) << "it is not stored yet";

  server_->StoreSnapshot();
  EXPECT_EQ(server_->apply_work_waiting(), 1u) << "the switch";
  EXPECT_EQ(base(), 0u) << "the log waits for the state";
  EXPECT_THAT(server_->writes_waiting(), IsEmpty());

  server_->FinishApply();
  EXPECT_EQ(base(), 9u);
  ASSERT_THAT(server_->writes_waiting(), SizeIs(1));
  EXPECT_EQ(server_->writes_waiting().front().rebase->base, At(9, 2));
  EXPECT_EQ(server_->apply_work_waiting(), 0u) << "the log is not durable yet";

  server_->CompleteWrites(1);
  EXPECT_EQ(server_->apply_work_waiting(), 1u) << "the marker is cleared";
  EXPECT_EQ(AnswerTo(call), std::nullopt);

  server_->FinishApply();
  const auto answer = AnswerTo(call);
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->success);
  EXPECT_EQ(answer->match_index, LogIndex(9));
  EXPECT_EQ(server_->EventsOf<SnapshotInstalled>().at(0).last_included, At(9, 2));
}

TEST_F(SnapshotInstallTest, TheServerStandsWhereTheSnapshotEnds) {
  Start();
  OfferUpTo(At(9, 2));
  const RaftStatus status = server_->status();
  EXPECT_EQ(status.last_log_index, LogIndex(9));
  EXPECT_EQ(status.durable_index, LogIndex(9));
  EXPECT_EQ(status.commit_index, LogIndex(9));
  EXPECT_EQ(status.applied_index, LogIndex(9));
  EXPECT_EQ(status.checkpointed_index, LogIndex(9));
  EXPECT_EQ(server_->state().position, At(9, 2));
}

TEST_F(SnapshotInstallTest, TheTermIsNotTheSnapshots) {
  Start({.term = 2, .log_terms = {1}});
  OfferUpTo(At(9, 1));
  EXPECT_EQ(server_->term(), 2u) << "trap C15";
}

TEST_F(SnapshotInstallTest, AnOfferIsWordOfTheLeader) {
  Start();
  server_->HoldSnapshots();
  server_->TickTimes(9);
  OfferUpTo(At(9, 2));
  EXPECT_EQ(server_->status().leader, kS2);
  server_->TickTimes(9);
  EXPECT_EQ(server_->role(), RoleName::kFollower) << "the election timer began anew";
}

TEST_F(SnapshotInstallTest, ACandidateMeetsTheLeaderOfItsTermByAnOffer) {
  Start({.term = 1, .log_terms = {1}});
  BecomeCandidate(*server_);
  OfferUpTo(At(9, 2));
  EXPECT_EQ(server_->role(), RoleName::kFollower);
  EXPECT_EQ(base(), 9u);
}

// ---- What is kept (Figure 13, steps 6 and 7).

TEST_F(SnapshotInstallTest, ALogThatHoldsAnotherEntryThereIsDiscarded) {
  Start({.term = 2, .log_terms = {1, 1, 1, 1, 1, 1}});
  OfferUpTo(At(4, 2));
  EXPECT_EQ(server_->status().last_log_index, LogIndex(4)) << "trap C2";
  EXPECT_THAT(server_->durable().entries(), IsEmpty());
}

TEST_F(SnapshotInstallTest, EntriesThatCameMeanwhileStayIfTheyFollowTheSnapshot) {
  Start();
  server_->HoldApply();
  OfferUpTo(At(5, 2));
  Append({.term = 2, .previous = At(3, 1), .entries = LogOfTerms({2, 2, 2, 2}, 4)});
  server_->ReleaseApply();
  EXPECT_EQ(base(), 5u);
  EXPECT_THAT(IndexesOf(server_->durable().entries()), ElementsAre(6, 7));
}

// ---- Not needed.

TEST_F(SnapshotInstallTest, WhatIsCommittedHereIsAnsweredAtOnce) {
  Start();
  const CallId call = OfferUpTo(At(2, 1));
  ASSERT_TRUE(AnswerTo(call).has_value());
  EXPECT_TRUE(AnswerTo(call)->success);
  EXPECT_EQ(AnswerTo(call)->match_index, LogIndex(2));
  EXPECT_FALSE(server_->snapshot_arriving().has_value());
  EXPECT_EQ(server_->state().position, At(2, 1)) << "a state never goes back (C1)";
}

TEST_F(SnapshotInstallTest, WhatWasTrimmedHereIsAnsweredAtOnce) {
  Start({.term = 2, .log_terms = {2}, .applied = 9, .base = At(9, 2)});
  const CallId call = OfferUpTo(At(5, 1));
  ASSERT_TRUE(AnswerTo(call).has_value());
  EXPECT_TRUE(AnswerTo(call)->success);
}

TEST_F(SnapshotInstallTest, WhatTheLogHoldsIsAnsweredOnceItIsDurable) {
  Start();
  server_->HoldDisk();
  server_->Receive(
      kS2, AppendEntries({.term = 2, .previous = At(3, 1), .entries = LogOfTerms({2, 2}, 4)}));
  const CallId call = OfferUpTo(At(4, 2));
  EXPECT_EQ(AnswerTo(call), std::nullopt) << "it claims entries that are not on disk";
  server_->ReleaseDisk();
  EXPECT_EQ(AnswerTo(call)->match_index, LogIndex(4));
}

TEST_F(SnapshotInstallTest, AStoredSnapshotIsDiscardedWhenTheLogHasItMeanwhile) {
  Start();
  server_->HoldSnapshots();
  const CallId call = OfferUpTo(At(5, 2));
  Append({.term = 2, .previous = At(3, 1), .entries = LogOfTerms({2, 2, 2}, 4)});
  server_->StoreSnapshot();
  EXPECT_TRUE(AnswerTo(call)->success);
  EXPECT_FALSE(server_->has_stored_snapshot());
  EXPECT_EQ(base(), 0u);
  EXPECT_EQ(server_->status().last_log_index, LogIndex(6));
}

TEST_F(SnapshotInstallTest, AStoredSnapshotIsDiscardedWhenMoreIsCommittedMeanwhile) {
  Start();
  server_->HoldSnapshots();
  const CallId call = OfferUpTo(At(5, 2));
  Append({.term = 2, .previous = At(3, 1), .entries = LogOfTerms({2, 2, 2}, 4), .commit = 6});
  server_->StoreSnapshot();
  EXPECT_TRUE(AnswerTo(call)->success);
  EXPECT_EQ(server_->state().position, At(6, 2)) << "a state never goes back (C1)";
}

// ---- Refused.

TEST_F(SnapshotInstallTest, RefusesASnapshotOfATermYetToCome) {
  Start();
  ExpectRefused(OfferUpTo(At(9, 3)), "no entry is of a term yet to come");
}

TEST_F(SnapshotInstallTest, RefusesASnapshotWhoseTermIsOlderThanWhatIsCommitted) {
  Start({.term = 2, .log_terms = {1, 2}, .applied = 2});
  ExpectRefused(OfferUpTo(At(9, 1)), "terms never fall along the log");
}

TEST_F(SnapshotInstallTest, RefusesASnapshotThatContradictsACommittedEntry) {
  Start();
  ExpectRefused(OfferUpTo(At(2, 2)), "Leader Completeness");
}

TEST_F(SnapshotInstallTest, RefusesASecondLeaderOfTheTerm) {
  Start();
  Append({.term = 2, .leader = kS2, .previous = At(3, 1)});
  ExpectRefused(server_->Receive(kS3, Offer({.term = 2, .leader = kS3, .last_included = At(9, 2)})),
                "Election Safety");
}

TEST_F(SnapshotInstallTest, RefusesASnapshotInWhichLogTimeFalls) {
  Start();
  server_->HoldSnapshots();
  const CallId call = OfferUpTo(At(9, 2));
  SnapshotStored stored = server_->Stored(*server_->snapshot_arriving());
  stored.log_time_ms = 2 * kLogTimeStepMs - 1;
  server_->Step(stored);
  EXPECT_FALSE(AnswerTo(call)->success);
  EXPECT_FALSE(server_->has_stored_snapshot()) << "discarded";
  EXPECT_EQ(server_->apply_work_waiting(), 0u);
}

TEST_F(SnapshotInstallTest, RefusesWhatWasStoredIfItContradictsWhatWasCommittedSince) {
  Start({.term = 3, .log_terms = {1, 1, 1}, .applied = 2});
  server_->HoldSnapshots();
  const CallId call = server_->Receive(kS2, Offer({.term = 3, .last_included = At(9, 1)}));
  Append({.term = 3, .previous = At(3, 1), .entries = LogOfTerms({2, 3}, 4), .commit = 5});
  server_->StoreSnapshot();
  ASSERT_TRUE(AnswerTo(call).has_value());
  EXPECT_FALSE(AnswerTo(call)->success);
  EXPECT_FALSE(server_->has_stored_snapshot());
  EXPECT_EQ(base(), 0u);
}

TEST_F(SnapshotInstallTest, AnOlderTermIsToldThePresentOne) {
  Start();
  const CallId call =
      server_->Receive(kS3, Offer({.term = 1, .leader = kS3, .last_included = At(9, 1)}));
  EXPECT_FALSE(AnswerTo(call)->success);
  EXPECT_EQ(AnswerTo(call)->term, Term(2));
  EXPECT_EQ(base(), 0u);
}

TEST_F(SnapshotInstallTest, AnAbsurdTermIsNotAdopted) {
  Start();
  const CallId call =
      server_->Receive(kS3, Offer({.term = ~0ull, .leader = kS3, .last_included = At(9, 1)}));
  EXPECT_FALSE(AnswerTo(call)->success);
  EXPECT_EQ(server_->term(), 2u);
}

// ---- Two offers (trap C6).

TEST_F(SnapshotInstallTest, ANewerOfferTakesThePlaceOfOneThatIsBeingStored) {
  Start();
  server_->HoldSnapshots();
  const CallId first = OfferUpTo(At(9, 2), 1);
  const SnapshotToStore replaced = *server_->snapshot_arriving();
  const CallId second = OfferUpTo(At(12, 2), 2);
  EXPECT_EQ(server_->snapshot_arriving()->last_included, At(12, 2));

  server_->Step(server_->Stored(replaced));  // It had just been finished.
  EXPECT_EQ(server_->apply_work_waiting(), 0u);
  EXPECT_EQ(base(), 0u) << "its bytes are gone";
  EXPECT_EQ(AnswerTo(first), std::nullopt);

  server_->StoreSnapshot();
  EXPECT_EQ(base(), 12u);
  EXPECT_TRUE(AnswerTo(second)->success);
}

TEST_F(SnapshotInstallTest, AnOfferDuringAnInstallIsRefused) {
  Start();
  HoldAll();
  const CallId first = OfferUpTo(At(9, 2), 1);
  server_->StoreSnapshot();
  server_->HoldSnapshots();
  for (int stage = 0; stage < 3; ++stage) {
    const CallId another = OfferUpTo(At(20, 2), 2);
    EXPECT_FALSE(server_->snapshot_arriving().has_value()) << "stage " << stage;
    if (stage == 0) server_->FinishApply();
    if (stage == 1) server_->CompleteWrites(1);
    server_->ReleaseDisk();
    ASSERT_TRUE(AnswerTo(another).has_value());
    EXPECT_FALSE(AnswerTo(another)->success);
    if (stage == 0) server_->HoldDisk();
    if (server_->apply_work_waiting() > 0) break;
  }
  server_->ReleaseApply();
  EXPECT_TRUE(AnswerTo(first)->success);
}

TEST_F(SnapshotInstallTest, TheNewLeadersOfferWinsAndTheOldLeaderHearsOfTheNewTerm) {
  Start();
  server_->HoldSnapshots();
  OfferUpTo(At(9, 2));
  server_->Receive(kS3, Offer({.term = 3, .leader = kS3, .last_included = At(10, 2)}));
  EXPECT_EQ(server_->snapshot_arriving()->sender.peer, kS3);
  server_->StoreSnapshot();
  EXPECT_EQ(base(), 10u);
}

TEST_F(SnapshotInstallTest, ATransferOfAnOldLeaderIsStillGood) {
  Start();
  server_->HoldSnapshots();
  const CallId call = OfferUpTo(At(9, 2));
  Append({.term = 3, .leader = kS3, .previous = At(3, 1)});
  server_->StoreSnapshot();
  EXPECT_EQ(base(), 9u) << "what is committed stays committed";
  EXPECT_EQ(AnswerTo(call)->term, Term(3)) << "and the old leader learns that it is old";
}

TEST(SnapshotInstallEffectsTest, AnOfferInTheSameTurnSavesWhatItStoresFromBeingDiscarded) {
  RoleBench bench(Recovered({.term = 1, .log_terms = {1, 1}}));
  SnapshotInstall& install = bench.state().snapshot_install;
  install.OnOffer(Offer({.last_included = At(5, 1), .number = 1}), kFromS2, bench.state(),
                  bench.outbox());
  for (const LogEntryPointer& entry : LogOfTerms({1, 1, 1}, 3)) {
    bench.state().persistent.Append(entry);
  }
  bench.state().snapshot_work = {};
  install.OnStored({.sender = kFromS2,
                    .number = RequestNumber(1),
                    .last_included = At(5, 1),
                    .log_time_ms = 5 * kLogTimeStepMs,
                    .configuration = Founding()},
                   /*leads=*/false, bench.state(), bench.outbox());
  EXPECT_TRUE(bench.state().snapshot_work.discard);
  install.OnOffer(Offer({.last_included = At(9, 1), .number = 2}),
                  {.peer = kS2, .call_id = CallId(2)}, bench.state(), bench.outbox());
  EXPECT_THAT(bench.state().snapshot_work.to_store, SizeIs(1));
  EXPECT_FALSE(bench.state().snapshot_work.discard)
      << "effects have no order: the new one could be taken for the one to discard";
}

// Leader Append-Only: what it holds is all there is, so a snapshot of anything else is a lie.
TEST(SnapshotForALeaderTest, OneThatTheLogDoesNotHoldIsRefused) {
  RoleBench bench(Recovered({.term = 1, .log_terms = {1, 1}}));
  SnapshotInstall& install = bench.state().snapshot_install;
  install.OnOffer(Offer({.last_included = At(5, 1), .number = 1}), kFromS2, bench.state(),
                  bench.outbox());
  bench.state().snapshot_work = {};
  install.OnStored({.sender = kFromS2,
                    .number = RequestNumber(1),
                    .last_included = At(5, 1),
                    .log_time_ms = 5 * kLogTimeStepMs,
                    .configuration = Founding()},
                   /*leads=*/true, bench.state(), bench.outbox());
  EXPECT_TRUE(bench.state().snapshot_work.discard);
  EXPECT_FALSE(install.is_running());
}

}  // namespace
}  // namespace raft::harness
