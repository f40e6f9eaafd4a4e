// Figure 13, InstallSnapshot RPC, line by line, and what the dissertation adds in §5 (traps C3,
// C7).
//
// The bytes of a snapshot go past our core, so "offset", "data" and "done" are the world's; what
// the figure says of them is kept there, and here stands what follows for the protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/core_harness/peers_by_hand.h"
#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Trims what is applied, but for a tail of two entries.
RaftOptions TrimmingOptions() {
  RaftOptions options = SmallOptions();
  options.compaction_entries = 3;
  options.tail_entries = 2;
  return options;
}

// A follower of term 3 with entries 1 to 4 of term 1, the first two of them applied.
ServerUnderTest Follower() {
  return ServerUnderTest(
      {.recovered = Recovered({.term = 3, .log_terms = {1, 1, 1, 1}, .applied = 2})});
}

// Three servers; S1 leads and has trimmed what S3, cut off, lacks.
class Figure13Test : public ::testing::Test {
 protected:
  Figure13Test() : cluster_({.options = TrimmingOptions()}) {}
  void SetUp() override {
    cluster_.Elect(kS1, {kS1, kS2});
    cluster_.Isolate(kS3);
    for (int command = 1; command <= 8; ++command) {
      cluster_.server(kS1).Propose(std::to_string(command));
      cluster_.DeliverAmong({kS1, kS2});
    }
    cluster_.Run(4);
    ASSERT_GT(cluster_.server(kS1).status().first_log_index, LogIndex(2));
    ASSERT_EQ(cluster_.server(kS1).commit_index(), 9u);
  }
  bool AllAgree() {
    for (const ServerId id : cluster_.all()) {
      if (cluster_.server(id).state().position != cluster_.server(kS1).state().position) {
        return false;
      }
    }
    return true;
  }
  void ExpectOneState() {
    const auto commands = CommandsOf(cluster_.server(kS1).state().entries);
    for (const ServerId id : {kS2, kS3}) {
      EXPECT_EQ(CommandsOf(cluster_.server(id).state().entries), commands)
          << "server " << id.value();
    }
  }

  TestCluster cluster_;
};

// ---- "Invoked by leader to send chunks of a snapshot to a follower."

TEST_F(Figure13Test, TheLeaderSendsASnapshotToAFollowerThatLacksDiscardedEntries) {
  cluster_.HealAllCuts();
  cluster_.RunUntil([&] { return AllAgree(); });
  EXPECT_THAT(cluster_.server(kS3).EventsOf<SnapshotInstalled>(), SizeIs(1));
  ExpectOneState();
}

TEST_F(Figure13Test, AFollowerThatLacksNothingDiscardedGetsEntriesAndNoSnapshot) {
  EXPECT_THAT(cluster_.server(kS2).EventsOf<SnapshotInstalled>(), IsEmpty());
  EXPECT_GT(cluster_.server(kS2).status().first_log_index, LogIndex(2))
      << "each server trims its own log";
}

TEST_F(Figure13Test, TheFollowerContinuesWithEntriesAfterTheSnapshot) {
  cluster_.HealAllCuts();
  cluster_.RunUntil([&] { return AllAgree(); });
  cluster_.server(kS1).Propose("after");
  cluster_.RunUntil([&] { return cluster_.server(kS3).commit_index() == 10; });
  EXPECT_THAT(cluster_.server(kS3).EventsOf<SnapshotInstalled>(), SizeIs(1));
  ExpectOneState();
}

TEST_F(Figure13Test, AFollowerThatGotASnapshotCanLead) {
  cluster_.HealAllCuts();
  cluster_.RunUntil([&] { return AllAgree(); });
  cluster_.Elect(kS3, {kS2, kS3});
  cluster_.server(kS3).Propose("by S3");
  cluster_.RunUntil([&] { return cluster_.server(kS1).commit_index() == 11; });
  ExpectOneState();
}

// ---- Arguments.

TEST_F(Figure13Test, AnOfferNamesTheLastEntryThatTheSnapshotHolds) {
  cluster_.HealAllCuts();
  const auto is_offer = [](const MessageInFlight& m) { return m.As<InstallSnapshotRequest>(); };
  while (cluster_.MessagesWhere(is_offer).empty()) {
    cluster_.TickAll();
    cluster_.DeliverWhere([&](const MessageInFlight& m) { return !is_offer(m); });
  }
  const InstallSnapshotRequest offer =
      *cluster_.MessagesWhere(is_offer).front().As<InstallSnapshotRequest>();
  EXPECT_EQ(offer.last_included, cluster_.server(kS1).applied());
  EXPECT_EQ(offer.leader_id, kS1);
  EXPECT_EQ(offer.term, Term(1));
}

// ---- Results: "term: currentTerm, for leader to update itself".

TEST(Figure13ReceiverTest, TheAnswerCarriesTheCurrentTerm) {
  ServerUnderTest server = Follower();
  const CallId call = server.Receive(kS2, Offer({.term = 3, .last_included = At(9, 2)}));
  EXPECT_EQ(server.Answer<InstallSnapshotResponse>(call)->term, Term(3));
}

// ---- Receiver implementation.

TEST(Figure13ReceiverTest, Step1RepliesImmediatelyIfTheTermIsOlder) {
  ServerUnderTest server = Follower();
  const CallId call = server.Receive(kS2, Offer({.term = 2, .last_included = At(9, 2)}));
  EXPECT_FALSE(server.Answer<InstallSnapshotResponse>(call)->success);
  EXPECT_EQ(server.Answer<InstallSnapshotResponse>(call)->term, Term(3));
  EXPECT_EQ(server.applied(), At(2, 1));
}

TEST(Figure13ReceiverTest, Steps2To4TheWholeSnapshotIsStoredBeforeAnythingElse) {
  ServerUnderTest server = Follower();
  server.HoldSnapshots();
  const CallId call = server.Receive(kS2, Offer({.term = 3, .last_included = At(9, 2)}));
  EXPECT_EQ(server.applied(), At(2, 1));
  EXPECT_EQ(server.status().last_log_index, LogIndex(4));
  EXPECT_EQ(server.AnswersTo(call), 0u);
}

TEST(Figure13ReceiverTest, Step5ASnapshotWithASmallerIndexIsDiscarded) {
  ServerUnderTest server = Follower();
  server.HoldSnapshots();
  server.Receive(kS2, Offer({.term = 3, .last_included = At(7, 2), .number = 1}));
  server.Receive(kS2, Offer({.term = 3, .last_included = At(9, 2), .number = 2}));
  EXPECT_EQ(server.snapshot_arriving()->last_included, At(9, 2));
  server.StoreSnapshot();
  EXPECT_EQ(server.applied(), At(9, 2));
}

TEST(Figure13ReceiverTest, Step6EntriesAfterTheSnapshotStayIfTheLogHoldsItsLastEntry) {
  ServerUnderTest server = Follower();
  server.HoldApply();
  server.Receive(kS2, Offer({.term = 3, .last_included = At(5, 3)}));
  server.Receive(
      kS2, AppendEntries({.term = 3, .previous = At(4, 1), .entries = LogOfTerms({3, 3}, 5)}));
  server.ReleaseApply();
  EXPECT_EQ(server.durable().base(), At(5, 3));
  EXPECT_THAT(IndexesOf(server.durable().entries()), ElementsAre(6));
}

TEST(Figure13ReceiverTest, Step6ALogThatHoldsTheSnapshotNeedsNone) {
  ServerUnderTest server = Follower();
  const CallId call = server.Receive(kS2, Offer({.term = 3, .last_included = At(3, 1)}));
  EXPECT_TRUE(server.Answer<InstallSnapshotResponse>(call)->success) << "and it says so";
  EXPECT_EQ(server.status().last_log_index, LogIndex(4)) << "what follows is retained";
  EXPECT_EQ(server.applied(), At(2, 1)) << "the entries will be applied when they are committed";
}

TEST(Figure13ReceiverTest, Step7OtherwiseTheEntireLogIsDiscarded) {
  ServerUnderTest server = Follower();
  server.Receive(kS2, Offer({.term = 3, .last_included = At(3, 2)}));
  EXPECT_EQ(server.durable().base(), At(3, 2));
  EXPECT_THAT(server.durable().entries(), IsEmpty()) << "entry 4 followed another entry 3";
}

TEST(Figure13ReceiverTest, Step8TheStateMachineIsResetToTheSnapshot) {
  ServerUnderTest server = Follower();
  server.Receive(kS2, Offer({.term = 3, .last_included = At(9, 2)}));
  EXPECT_EQ(server.applied(), At(9, 2));
  EXPECT_EQ(server.status().applied_index, LogIndex(9));
  EXPECT_EQ(server.commit_index(), 9u);
}

TEST(Figure13ReceiverTest, TheAnswerLeavesOnceTheSnapshotIsInstalledDurably) {
  ServerUnderTest server = Follower();
  server.HoldDisk();
  const CallId call = server.Receive(kS2, Offer({.term = 3, .last_included = At(9, 2)}));
  EXPECT_EQ(server.AnswersTo(call), 0u);
  server.ReleaseDisk();
  EXPECT_EQ(server.Answer<InstallSnapshotResponse>(call)->match_index, LogIndex(9));
}

// ---- Dissertation §5.

TEST_F(Figure13Test, ServersSnapshotIndependentlyAndKeepTheirPlaceInTheLog) {
  for (const ServerId id : {kS1, kS2}) {
    const ServerUnderTest& server = cluster_.server(id);
    EXPECT_GE(server.checkpointed(), server.durable().base().index)
        << "the state is durable before its entries are discarded (§5.1)";
    EXPECT_EQ(server.status().last_log_index, LogIndex(9));
  }
}

TEST_F(Figure13Test, AServerRestartsFromItsSnapshotAndTheLogAfterIt) {
  cluster_.Crash(kS1);
  cluster_.Restart(kS1);
  EXPECT_GT(cluster_.server(kS1).status().first_log_index, LogIndex(2));
  cluster_.HealAllCuts();
  cluster_.RunUntil([&] {
    return cluster_.leader().has_value() && AllAgree() && cluster_.server(kS1).commit_index() > 9;
  });
  ExpectOneState();
}

TEST_F(Figure13Test, AFollowerThatCrashesDuringTheTransferIsSentAnother) {
  cluster_.server(kS3).HoldSnapshots();
  cluster_.HealAllCuts();
  cluster_.RunUntil([&] { return cluster_.server(kS3).snapshot_arriving().has_value(); });
  cluster_.Crash(kS3);
  cluster_.Restart(kS3);
  cluster_.RunUntil([&] { return AllAgree(); });
  ExpectOneState();
}

TEST_F(Figure13Test, ALeaderThatCrashesDuringTheTransferIsFollowedByOneThatSendsItsOwn) {
  cluster_.server(kS3).HoldSnapshots();
  cluster_.HealAllCuts();
  cluster_.RunUntil([&] { return cluster_.server(kS3).snapshot_arriving().has_value(); });
  cluster_.Crash(kS1);
  cluster_.Elect(kS2, {kS2, kS3});
  cluster_.RunUntil([&] {
    const auto& arriving = cluster_.server(kS3).snapshot_arriving();
    return arriving.has_value() && arriving->sender.peer == kS2;
  });
  cluster_.server(kS3).StoreSnapshot();
  cluster_.Restart(kS1);
  cluster_.RunUntil([&] { return AllAgree() && cluster_.server(kS3).commit_index() > 9; });
  ExpectOneState();
}

// How many steps of the install are done when the plug is pulled.
class Figure13CrashTest : public Figure13Test, public ::testing::WithParamInterface<int> {};

TEST_P(Figure13CrashTest, AFollowerThatCrashesAtAnyStepOfTheInstallCatchesUp) {
  cluster_.server(kS3).HoldSnapshots();
  cluster_.HealAllCuts();
  cluster_.RunUntil([&] { return cluster_.server(kS3).snapshot_arriving().has_value(); });
  cluster_.server(kS3).HoldApply();
  cluster_.server(kS3).HoldDisk();
  cluster_.server(kS3).StoreSnapshot();
  if (GetParam() >= 1) cluster_.server(kS3).FinishApply();
  if (GetParam() >= 2) cluster_.server(kS3).ReleaseDisk();
  if (GetParam() >= 3) cluster_.server(kS3).ReleaseApply();
  cluster_.Crash(kS3);
  cluster_.Restart(kS3);
  cluster_.server(kS1).Propose("after");
  cluster_.RunUntil([&] { return AllAgree() && cluster_.server(kS3).commit_index() == 10; });
  ExpectOneState();
}

INSTANTIATE_TEST_SUITE_P(EveryStep, Figure13CrashTest, ::testing::Range(0, 4));

}  // namespace
}  // namespace raft::harness
