// The quorum check (dissertation §6.2): a leader that hears no majority steps down, so that its
// clients look elsewhere and its followers may too. Trap A13.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/peers_by_hand.h"
#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

// Ticks with `answering` acknowledging everything, the others silent.
void TickWithAnswersOf(ServerUnderTest& leader, const std::vector<ServerId>& answering,
                       std::uint64_t ticks) {
  for (std::uint64_t tick = 0; tick < ticks; ++tick) {
    leader.TickTimes(1);
    for (const ServerId peer : answering) {
      if (leader.role() == RoleName::kLeader) CatchUp(leader, peer);
    }
  }
}

class QuorumCheckTest : public ::testing::Test {
 protected:
  void SetUp() override { BecomeEstablishedLeader(leader_); }
  std::uint64_t timeout() const { return leader_.setup().options.election_timeout_ticks_max; }
  ServerUnderTest leader_;
};

TEST_F(QuorumCheckTest, ALeaderThatNobodyAnswersStepsDown) {
  leader_.TickTimes(timeout() - 1);
  EXPECT_EQ(leader_.role(), RoleName::kLeader);
  leader_.TickTimes(2);
  EXPECT_EQ(leader_.role(), RoleName::kFollower);
  ASSERT_EQ(leader_.EventsOf<SteppedDown>().size(), 1u);
  EXPECT_EQ(leader_.EventsOf<SteppedDown>()[0].reason, StepDownReason::kQuorumLost);
}

TEST_F(QuorumCheckTest, SteppingDownDoesNotRaiseTheTerm) {
  leader_.TickTimes(timeout() + 1);
  EXPECT_EQ(leader_.term(), 1u);
  EXPECT_EQ(leader_.status().leader, std::nullopt);
}

TEST_F(QuorumCheckTest, ALeaderStaysWhileAMajorityAnswers) {
  TickWithAnswersOf(leader_, {kS3}, 10 * timeout());
  EXPECT_EQ(leader_.role(), RoleName::kLeader);
}

TEST_F(QuorumCheckTest, OnePeerOfFourIsNoMajority) {
  ServerUnderTest leader({.voters = FirstServers(5)});
  BecomeEstablishedLeader(leader);
  TickWithAnswersOf(leader, {kS2}, timeout() + 1);
  EXPECT_EQ(leader.role(), RoleName::kFollower);
}

TEST_F(QuorumCheckTest, TwoPeersOfFourAreOne) {
  ServerUnderTest leader({.voters = FirstServers(5)});
  BecomeEstablishedLeader(leader);
  TickWithAnswersOf(leader, {kS2, kS5}, 10 * timeout());
  EXPECT_EQ(leader.role(), RoleName::kLeader);
}

// Trap A15: an error is not a sign of life.
TEST_F(QuorumCheckTest, AnUnreachablePeerHasNotAnswered) {
  for (std::uint64_t tick = 0; tick <= timeout(); ++tick) {
    leader_.TickTimes(1);
    for (const auto& sent : leader_.TakeRequests<AppendEntriesRequest>()) FailCall(leader_, sent);
  }
  EXPECT_EQ(leader_.role(), RoleName::kFollower);
}

// Slow followers' disks hold up entries, not the leader.
TEST_F(QuorumCheckTest, HeartbeatAnswersAreEnoughWhileEntriesWaitForADisk) {
  leader_.Propose("a");
  for (std::uint64_t tick = 0; tick < 5 * timeout(); ++tick) {
    leader_.TickTimes(1);
    for (const auto& sent : leader_.TakeRequestsTo<AppendEntriesRequest>(kS2)) {
      if (!sent.request.is_heartbeat()) continue;
      AppendEntriesResponse alive = SuccessOf(sent.request);
      alive.match_index = LogIndex(1);
      leader_.ReceiveAnswer(kS2, alive);
    }
  }
  EXPECT_EQ(leader_.role(), RoleName::kLeader);
  EXPECT_EQ(leader_.commit_index(), 1u);
}

TEST_F(QuorumCheckTest, WaitingReadsAreRefusedWhenItFails) {
  const Ticket read = leader_.Read();
  leader_.TickTimes(timeout() + 1);
  ASSERT_TRUE(leader_.RefusalOf(read).has_value());
  EXPECT_EQ(leader_.RefusalOf(read)->reason, RefusalReason::kLeadershipLost);
}

TEST_F(QuorumCheckTest, ProposalsAreRefusedAfterItFailed) {
  leader_.TickTimes(timeout() + 1);
  const auto refusal = leader_.RefusalOf(leader_.Propose());
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->leader_hint, std::nullopt);
}

// The write may still happen under the next leader: stepping down takes nothing out of the log.
TEST_F(QuorumCheckTest, SteppingDownKeepsTheLog) {
  leader_.Propose("a");
  leader_.TickTimes(timeout() + 1);
  ASSERT_EQ(leader_.role(), RoleName::kFollower);
  EXPECT_EQ(leader_.written().entries().size(), 2u);
}

// Trap H11: heartbeats leave without the disk, so a hung disk must end the leadership by itself.
TEST_F(QuorumCheckTest, ALeaderWhoseDiskHangsStepsDown) {
  leader_.HoldDisk();
  leader_.Propose("a");
  TickWithAnswersOf(leader_, {kS2, kS3}, 2 * timeout());
  EXPECT_EQ(leader_.role(), RoleName::kLeader);
  TickWithAnswersOf(leader_, {kS2, kS3}, 2);
  EXPECT_EQ(leader_.role(), RoleName::kFollower);
  ASSERT_EQ(leader_.EventsOf<SteppedDown>().size(), 1u);
  EXPECT_EQ(leader_.EventsOf<SteppedDown>()[0].reason, StepDownReason::kDiskStalled);
}

// All voters are to be replaced by a server that does not keep up. One that is to leave may lead
// meanwhile: better than a leader that answers nobody.
TEST_F(QuorumCheckTest, ALeaderWhoseDiskHangsGivesWayAlsoToVotersThatAreToLeave) {
  leader_.ChangeMembers(
      {MemberOf(kS1, MemberRole::kVoter, true), MemberOf(kS2, MemberRole::kVoter, true),
       MemberOf(kS3, MemberRole::kVoter, true), MemberOf(kS4, MemberRole::kJoining)});
  CatchUp(leader_, kS2);
  ASSERT_TRUE(leader_.status().configuration->HasJoining());
  leader_.HoldDisk();
  leader_.Propose("a");
  TickWithAnswersOf(leader_, {kS2, kS3}, 2 * timeout() + 2);
  EXPECT_EQ(leader_.role(), RoleName::kFollower);
  ASSERT_EQ(leader_.EventsOf<SteppedDown>().size(), 1u);
  EXPECT_EQ(leader_.EventsOf<SteppedDown>()[0].reason, StepDownReason::kDiskStalled);
}

TEST_F(QuorumCheckTest, ALeaderWhoseDiskIsSlowButWorksStays) {
  leader_.HoldDisk();
  for (int write = 0; write < 5; ++write) {
    leader_.Propose("a");
    TickWithAnswersOf(leader_, {kS2, kS3}, timeout() - 1);
    leader_.CompleteWrites(1);
  }
  EXPECT_EQ(leader_.role(), RoleName::kLeader);
}

TEST_F(QuorumCheckTest, ALeaderWithNothingToWriteStays) {
  leader_.HoldDisk();
  TickWithAnswersOf(leader_, {kS2, kS3}, 10 * timeout());
  EXPECT_EQ(leader_.role(), RoleName::kLeader);
}

TEST(DiskCheckTest, AServerAloneInItsClusterKeepsLeading) {
  ServerUnderTest alone({.voters = {kS1}});
  alone.TickTimes(alone.setup().options.election_timeout_ticks_max);
  ASSERT_EQ(alone.role(), RoleName::kLeader);
  alone.HoldDisk();
  alone.Propose("a");
  alone.TickTimes(10 * alone.setup().options.election_timeout_ticks_max);
  EXPECT_EQ(alone.role(), RoleName::kLeader);
}

// Trap A13: it can send, so its followers stay quiet; it cannot receive, so nothing commits.
TEST(QuorumCheckInAClusterTest, ALeaderThatCanSendButNotReceiveIsReplaced) {
  TestCluster cluster;
  cluster.Elect(kS1, {kS1, kS2, kS3});
  cluster.DeliverAll();
  cluster.CutOneWay(kS2, kS1);
  cluster.CutOneWay(kS3, kS1);
  cluster.RunUntil([&] { return cluster.leader().has_value() && cluster.leader() != kS1; }, 300);
  ASSERT_TRUE(cluster.leader().has_value());
  const ServerId leader = *cluster.leader();
  cluster.server(leader).Propose("goes on");
  cluster.RunUntil([&] {
    return cluster.server(leader).status().commit_index ==
           cluster.server(leader).status().last_log_index;
  });
}

}  // namespace
}  // namespace raft::harness
