// Dissertation §6.4: linearizable reads without writing to the log (ReadIndex).
//
// The core says which index a read must wait for and when leadership is confirmed; waiting for the
// state machine is the caller's part. The server under test is S1, the leader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/core_harness/peers_by_hand.h"
#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

using ::testing::SizeIs;

class ReadIndexTest : public ::testing::Test {
 protected:
  void SetUp() override { BecomeEstablishedLeader(leader_); }
  ServerUnderTest leader_;
};

// Step 1: "If the leader has not yet marked an entry from its current term committed, it waits
// until it has done so." Trap F2.
TEST_F(ReadIndexTest, NoReadIsAnsweredBeforeACommitInTheLeadersOwnTerm) {
  ServerUnderTest leader({.recovered = Recovered({.term = 1, .log_terms = {1, 1}, .applied = 2})});
  BecomeLeader(leader);
  const auto no_op = TakeAppendTo(leader, kS2);
  ASSERT_TRUE(no_op.has_value());
  const Ticket read = leader.Read();
  // Both peers confirm the leader, but none has the no-op durably.
  for (int round = 0; round < 5; ++round) {
    leader.TickTimes(leader.setup().options.heartbeat_ticks);
    for (const auto& sent : leader.TakeRequests<AppendEntriesRequest>()) {
      if (!sent.request.is_heartbeat()) continue;
      AppendEntriesResponse confirms = SuccessOf(sent.request);
      confirms.match_index = LogIndex(2);
      leader.ReceiveAnswer(sent.to, confirms);
    }
  }
  ASSERT_EQ(leader.commit_index(), 2u);
  EXPECT_EQ(leader.ReadIndexOf(read), std::nullopt);
  EXPECT_EQ(leader.status().reads_waiting, 1u);

  Acknowledge(leader, *no_op);
  for (int round = 0; round < 3; ++round) {
    leader.TickTimes(leader.setup().options.heartbeat_ticks);
    CatchUp(leader, kS2);
  }
  ASSERT_EQ(leader.commit_index(), 3u);
  ASSERT_TRUE(leader.ReadIndexOf(read).has_value());
  EXPECT_GE(*leader.ReadIndexOf(read), LogIndex(3));
}

// Step 2: "The leader saves its current commit index in a local variable readIndex."
TEST_F(ReadIndexTest, AReadWaitsForTheCommitIndexAtItsArrival) {
  leader_.Propose("before");
  CatchUpAll(leader_);
  ASSERT_EQ(leader_.commit_index(), 2u);
  const Ticket read = leader_.Read();
  CatchUpAll(leader_);
  EXPECT_EQ(leader_.ReadIndexOf(read), LogIndex(2));
}

// Step 3: "The leader issues a new round of heartbeats and waits for their acknowledgments from a
// majority of the cluster."
TEST_F(ReadIndexTest, AHeartbeatLeavesAtOnceToAsManyPeersAsAMajorityNeeds) {
  leader_.Read();
  EXPECT_THAT(TakeHeartbeats(leader_), SizeIs(1));

  ServerUnderTest leader_of_five({.voters = FirstServers(5)});
  BecomeEstablishedLeader(leader_of_five);
  leader_of_five.Read();
  EXPECT_THAT(TakeHeartbeats(leader_of_five), SizeIs(2));
}

TEST_F(ReadIndexTest, ThePeerThatAnsweredLastIsAsked) {
  leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
  const auto heartbeats = TakeHeartbeats(leader_);
  ASSERT_THAT(heartbeats, SizeIs(2));
  Acknowledge(leader_, heartbeats[0]);
  leader_.Read();
  const auto question = TakeHeartbeats(leader_);
  ASSERT_THAT(question, SizeIs(1));
  EXPECT_EQ(question[0].to, heartbeats[0].to);
}

TEST_F(ReadIndexTest, EverybodyIsAskedOnceAReadHasWaitedForATick) {
  RaftOptions options = SmallOptions();
  options.heartbeat_ticks = 4;
  ServerUnderTest leader({.options = options});
  BecomeEstablishedLeader(leader);
  const Ticket read = leader.Read();
  const auto silent = TakeHeartbeats(leader);
  ASSERT_THAT(silent, SizeIs(1));
  leader.TickTimes(1);
  EXPECT_THAT(TakeHeartbeats(leader), SizeIs(0)) << "it may have come just before the tick";
  leader.TickTimes(1);
  const auto question = TakeHeartbeats(leader);
  ASSERT_THAT(question, SizeIs(1));
  EXPECT_NE(question[0].to, silent[0].to);
  Acknowledge(leader, question[0]);
  EXPECT_TRUE(leader.ReadIndexOf(read).has_value());
}

TEST_F(ReadIndexTest, AReadIsReadyWhenAMajorityAnsweredAfterIt) {
  const Ticket read = leader_.Read();
  EXPECT_EQ(leader_.ReadIndexOf(read), std::nullopt);
  AcknowledgeAll(leader_, TakeHeartbeats(leader_));
  EXPECT_EQ(leader_.ReadIndexOf(read), LogIndex(1));
  EXPECT_EQ(leader_.status().reads_waiting, 0u);
}

TEST_F(ReadIndexTest, FiveServersNeedTwoPeersToConfirm) {
  ServerUnderTest leader({.voters = FirstServers(5)});
  BecomeEstablishedLeader(leader);
  const Ticket read = leader.Read();
  const auto heartbeats = TakeHeartbeats(leader);
  ASSERT_THAT(heartbeats, SizeIs(2));
  Acknowledge(leader, heartbeats[0]);
  EXPECT_EQ(leader.ReadIndexOf(read), std::nullopt);
  Acknowledge(leader, heartbeats[1]);
  EXPECT_TRUE(leader.ReadIndexOf(read).has_value());
}

// Trap A5, for reads.
TEST_F(ReadIndexTest, OnePeerAnsweringTwiceIsNotAMajority) {
  ServerUnderTest leader({.voters = FirstServers(5)});
  BecomeEstablishedLeader(leader);
  const Ticket read = leader.Read();
  const auto heartbeat = TakeHeartbeats(leader).at(0);
  for (int copy = 0; copy < 3; ++copy) Acknowledge(leader, heartbeat);
  CatchUp(leader, heartbeat.to);
  EXPECT_EQ(leader.ReadIndexOf(read), std::nullopt);
}

// Request numbers begin anew in each life of the process. A peer refused a request of the life
// before after it had voted in this term, so its answer carries this term and a number that is open
// now.
TEST_F(ReadIndexTest, ALateRefusalOfARequestOfAnEarlierLifeConfirmsNothing) {
  ServerUnderTest leader(leader_.SetupAfterCrash());
  BecomeEstablishedLeader(leader);
  const Ticket read = leader.Read();
  const auto heartbeat = TakeHeartbeats(leader).at(0);
  leader.ReceiveAnswer(heartbeat.to, AppendEntriesResponse{.number = heartbeat.request.number,
                                                           .term = heartbeat.request.term,
                                                           .success = false});
  EXPECT_EQ(leader.ReadIndexOf(read), std::nullopt);
}

TEST_F(ReadIndexTest, AnAnswerToAQuestionFromBeforeTheReadConfirmsNothing) {
  leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
  const auto to_s2 = *TakeHeartbeatTo(leader_, kS2);
  const auto to_s3 = *TakeHeartbeatTo(leader_, kS3);
  const Ticket read = leader_.Read();
  Acknowledge(leader_, to_s2);
  Acknowledge(leader_, to_s3);
  EXPECT_EQ(leader_.ReadIndexOf(read), std::nullopt);
}

// Trap F3: a confirmation is good for the reads that were there, and for no later one.
TEST_F(ReadIndexTest, ADuplicatedAnswerNeverConfirmsANewerRead) {
  const Ticket first = leader_.Read();
  const auto heartbeat = TakeHeartbeats(leader_).at(0);
  Acknowledge(leader_, heartbeat);
  ASSERT_TRUE(leader_.ReadIndexOf(first).has_value());
  const Ticket second = leader_.Read();
  Acknowledge(leader_, heartbeat);
  EXPECT_EQ(leader_.ReadIndexOf(second), std::nullopt);
}

// Trap F3, with the other peer's answer late instead of doubled.
TEST_F(ReadIndexTest, ALateAnswerNeverConfirmsANewerRead) {
  leader_.Read();
  const auto late = TakeHeartbeats(leader_);
  ASSERT_THAT(late, SizeIs(1));
  leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
  const auto heartbeats = TakeHeartbeats(leader_);
  ASSERT_THAT(heartbeats, SizeIs(2));
  AcknowledgeAll(leader_, heartbeats);
  const Ticket second = leader_.Read();
  Acknowledge(leader_, late[0]);
  EXPECT_EQ(leader_.ReadIndexOf(second), std::nullopt);
  // A new question leaves now that the old one is answered, and its answer does confirm.
  const auto fresh = TakeHeartbeats(leader_);
  ASSERT_THAT(fresh, SizeIs(1));
  Acknowledge(leader_, fresh[0]);
  EXPECT_TRUE(leader_.ReadIndexOf(second).has_value());
}

TEST_F(ReadIndexTest, AnyRequestIssuedAfterTheReadConfirmsItWhenAnswered) {
  const Ticket read = leader_.Read();
  leader_.Propose("after");
  Acknowledge(leader_, *TakeAppendTo(leader_, kS2));
  ASSERT_TRUE(leader_.ReadIndexOf(read).has_value());
}

TEST_F(ReadIndexTest, ManyReadsShareOneRound) {
  std::vector<Ticket> reads;
  for (int count = 0; count < 100; ++count) reads.push_back(leader_.Read());
  // The first round was asked for the first read; the second round is for all that came meanwhile.
  for (int round = 0; round < 2; ++round) {
    const auto question = TakeHeartbeats(leader_);
    ASSERT_THAT(question, SizeIs(1));
    Acknowledge(leader_, question[0]);
  }
  for (const Ticket read : reads) EXPECT_TRUE(leader_.ReadIndexOf(read).has_value());
}

TEST_F(ReadIndexTest, AnUnansweredQuestionDoesNotHoldUpReadsForEver) {
  const Ticket read = leader_.Read();
  for (const auto& sent : TakeHeartbeats(leader_)) FailCall(leader_, sent);
  for (const auto& sent : TakeHeartbeats(leader_)) FailCall(leader_, sent);  // it asks the other
  leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
  Acknowledge(leader_, *TakeHeartbeatTo(leader_, kS2));
  EXPECT_TRUE(leader_.ReadIndexOf(read).has_value());
}

// A refused connection comes back at once. Asking again at once would spin for as long as the read
// waits; the next heartbeat is soon enough.
TEST_F(ReadIndexTest, AReadAsksAnUnreachablePeerAgainOnlyWithTheNextHeartbeat) {
  leader_.Read();
  const auto question = TakeHeartbeats(leader_);
  ASSERT_THAT(question, SizeIs(1));
  FailCall(leader_, question[0]);
  EXPECT_TRUE(leader_.TakeRequestsTo<AppendEntriesRequest>(question[0].to).empty());
  leader_.TickTimes(leader_.setup().options.heartbeat_ticks);
  EXPECT_TRUE(TakeHeartbeatTo(leader_, question[0].to).has_value());
}

// Trap F5 belongs to the caller: the core names the index and does not wait for it.
TEST_F(ReadIndexTest, AReadIsReadyBeforeTheStateMachineHasAppliedItsIndex) {
  leader_.HoldApply();
  leader_.Propose("slow to apply");
  CatchUpAll(leader_);
  ASSERT_EQ(leader_.commit_index(), 2u);
  ASSERT_LT(leader_.status().applied_index, LogIndex(2));
  const Ticket read = leader_.Read();
  CatchUpAll(leader_);
  EXPECT_EQ(leader_.ReadIndexOf(read), LogIndex(2));
}

TEST_F(ReadIndexTest, NothingIsWrittenForARead) {
  const std::size_t writes_before = leader_.all_writes().size();
  leader_.Read();
  CatchUpAll(leader_);
  EXPECT_EQ(leader_.all_writes().size(), writes_before);
}

TEST_F(ReadIndexTest, WaitingReadsAreRefusedWhenANewerTermIsSeen) {
  const Ticket read = leader_.Read();
  leader_.Receive(kS3, AppendEntries({.term = 5, .leader = kS3, .previous = At(1, 1)}));
  ASSERT_TRUE(leader_.RefusalOf(read).has_value());
  EXPECT_EQ(leader_.RefusalOf(read)->reason, RefusalReason::kLeadershipLost);
  EXPECT_EQ(leader_.ReadIndexOf(read), std::nullopt);
}

TEST_F(ReadIndexTest, AnAnswerAfterTheStepDownConfirmsNothing) {
  const Ticket read = leader_.Read();
  const auto heartbeat = TakeHeartbeats(leader_).at(0);
  leader_.Receive(kS3, AppendEntries({.term = 5, .leader = kS3, .previous = At(1, 1)}));
  Acknowledge(leader_, heartbeat);
  EXPECT_EQ(leader_.ReadIndexOf(read), std::nullopt);
}

// Trap F1: the stale read itself. S1 is cut off and does not know that S2 leads.
TEST(ReadIndexInAClusterTest, ADeposedLeaderAnswersNoRead) {
  TestCluster cluster;
  cluster.Elect(kS1, {kS1, kS2, kS3});
  cluster.DeliverAll();
  cluster.Isolate(kS1);
  cluster.Elect(kS2, {kS2, kS3});
  cluster.server(kS2).Propose("newer");
  cluster.DeliverAmong({kS2, kS3});
  ASSERT_GE(cluster.server(kS2).commit_index(), 3u);
  ASSERT_EQ(cluster.server(kS1).role(), RoleName::kLeader);

  const Ticket read = cluster.server(kS1).Read();
  cluster.Run(60);
  EXPECT_EQ(cluster.server(kS1).ReadIndexOf(read), std::nullopt);
  ASSERT_TRUE(cluster.server(kS1).RefusalOf(read).has_value());
  EXPECT_EQ(cluster.server(kS1).RefusalOf(read)->reason, RefusalReason::kLeadershipLost);
}

}  // namespace
}  // namespace raft::harness
