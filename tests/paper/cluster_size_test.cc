// Clusters of one to five servers: what a majority is, for elections and for commitment (§5.1,
// §5.2, §5.3). Traps A7 (even sizes) and A8 (a cluster of one).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core_harness/peers_by_hand.h"
#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// ---- Two to five servers, seen from one of them.

class ClusterSizeTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  // How many peers must agree beside the server itself: more than half of all, less one.
  std::size_t peers_needed() const { return GetParam() / 2; }
  ServerUnderTest server_{{.voters = FirstServers(GetParam())}};
};

TEST_P(ClusterSizeTest, AMajorityElects) {
  BecomeCandidate(server_);
  const auto votes = server_.TakeRequests<RequestVoteRequest>();
  ASSERT_EQ(votes.size(), GetParam() - 1);
  for (std::size_t granted = 0; granted < peers_needed(); ++granted) {
    ASSERT_EQ(server_.role(), RoleName::kCandidate) << "after " << granted << " votes of peers";
    Grant(server_, votes.at(granted));
  }
  EXPECT_EQ(server_.role(), RoleName::kLeader);
}

TEST_P(ClusterSizeTest, AMajorityCommits) {
  BecomeLeader(server_);
  const auto appends = server_.TakeRequests<AppendEntriesRequest>();
  ASSERT_EQ(appends.size(), GetParam() - 1);
  for (std::size_t held = 0; held < peers_needed(); ++held) {
    ASSERT_EQ(server_.commit_index(), 0u) << "after " << held << " peers";
    Acknowledge(server_, appends.at(held));
  }
  EXPECT_EQ(server_.commit_index(), 1u);
}

TEST_P(ClusterSizeTest, AMajorityConfirmsARead) {
  BecomeEstablishedLeader(server_);
  const Ticket read = server_.Read();
  const auto heartbeats = server_.TakeRequests<AppendEntriesRequest>();
  for (std::size_t heard = 0; heard < peers_needed(); ++heard) {
    ASSERT_EQ(server_.ReadIndexOf(read), std::nullopt) << "after " << heard << " peers";
    Acknowledge(server_, heartbeats.at(heard));
  }
  EXPECT_EQ(server_.ReadIndexOf(read), LogIndex(1));
}

TEST_P(ClusterSizeTest, KnowsItsVoters) {
  EXPECT_EQ(server_.status().configuration->voters(), FirstServers(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Servers, ClusterSizeTest, ::testing::Values(2, 3, 4, 5, 6, 7, 9),
                         ::testing::PrintToStringParamName());

// ---- One to five servers, all of them running.

class WholeClusterTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  TestCluster cluster_{{.servers = GetParam(), .seed = GetParam()}};
};

TEST_P(WholeClusterTest, ElectsALeaderAndAppliesAProposalEverywhere) {
  cluster_.RunUntil([&] { return cluster_.leader().has_value(); });
  ASSERT_TRUE(cluster_.leader().has_value());
  cluster_.server(*cluster_.leader()).Propose("hello");
  cluster_.RunUntil([&] {
    for (const ServerId id : cluster_.running()) {
      const auto commands = CommandsOf(cluster_.server(id).handed_to_apply());
      if (commands != std::vector<std::string>{"hello"}) return false;
    }
    return true;
  });
}

TEST_P(WholeClusterTest, GoesOnWithTheMinorityDown) {
  cluster_.RunUntil([&] { return cluster_.leader().has_value(); });
  const std::size_t may_fail = (GetParam() - 1) / 2;
  for (std::size_t down = 0; down < may_fail; ++down) {
    cluster_.RunUntil([&] { return cluster_.leader().has_value(); });
    ASSERT_TRUE(cluster_.leader().has_value());
    cluster_.Crash(*cluster_.leader());
  }
  cluster_.RunUntil([&] { return cluster_.leader().has_value(); });
  ASSERT_TRUE(cluster_.leader().has_value());
  ServerUnderTest& leader = cluster_.server(*cluster_.leader());
  const Ticket ticket = leader.Propose("still here");
  cluster_.RunUntil([&] { return leader.applied().index >= leader.AppendedAt(ticket)->index; });
}

// One server alone is its own majority, so this begins with two.
class MinorityTest : public WholeClusterTest {};

TEST_P(MinorityTest, StandsStillWithoutAMajority) {
  cluster_.RunUntil([&] { return cluster_.leader().has_value(); });
  while (cluster_.running().size() > GetParam() / 2) cluster_.Crash(*cluster_.running().begin());
  std::vector<LogIndex> committed;
  for (const ServerId id : cluster_.running()) {
    committed.push_back(cluster_.server(id).status().commit_index);
  }
  cluster_.Run(200);
  EXPECT_EQ(cluster_.leader(), std::nullopt);
  for (std::size_t index = 0; index < committed.size(); ++index) {
    EXPECT_EQ(cluster_.server(cluster_.running()[index]).status().commit_index, committed[index]);
  }
}

INSTANTIATE_TEST_SUITE_P(Servers, WholeClusterTest, ::testing::Range<std::size_t>(1, 6),
                         ::testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Servers, MinorityTest, ::testing::Range<std::size_t>(2, 6),
                         ::testing::PrintToStringParamName());

// ---- Trap A8: a cluster of one.

class OneServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.TickTimes(server_.setup().options.election_timeout_ticks_max + 1);
    ASSERT_EQ(server_.role(), RoleName::kLeader);
  }
  ServerUnderTest server_{{.voters = FirstServers(1)}};
};

TEST_F(OneServerTest, ElectsItselfWithoutAMessage) {
  EXPECT_EQ(server_.term(), 1u);
  EXPECT_THAT(server_.TakeAllRequests(), IsEmpty());
}

TEST_F(OneServerTest, CommitsWithoutAnyPeersAnswer) {
  server_.Propose("alone");
  EXPECT_EQ(server_.commit_index(), 2u);
  EXPECT_THAT(CommandsOf(server_.handed_to_apply()), ElementsAre("alone"));
}

TEST_F(OneServerTest, ConfirmsItsOwnReads) {
  const Ticket read = server_.Read();
  EXPECT_EQ(server_.ReadIndexOf(read), LogIndex(1));
}

TEST_F(OneServerTest, NeverLosesItsQuorum) {
  server_.TickTimes(20 * server_.setup().options.election_timeout_ticks_max);
  EXPECT_EQ(server_.role(), RoleName::kLeader);
  EXPECT_EQ(server_.term(), 1u);
}

}  // namespace
}  // namespace raft::harness
