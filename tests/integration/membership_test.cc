// A cluster grows, shrinks and moves while it runs, by commands of raftctl as an operator types
// them.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/integration/cluster.h"

namespace raft::integration {
namespace {

std::string MemberWord(const Cluster& cluster, Id server) {
  return std::to_string(server) + "=" + cluster.addresses(server).peer;
}

class MembershipTest : public ::testing::Test {
 protected:
  // One more server, up and waiting to be added.
  static Id StartJoining(Cluster& cluster) {
    const Id id = cluster.AddServer();
    cluster.Start(id);
    EXPECT_TRUE(WaitUntil([&] {
      const auto status = cluster.Status(id);
      return status && status->forming().find("members add") != std::string::npos;
    })) << "it says how it is added";
    return id;
  }
  static void Must(const Cluster& cluster, const std::vector<std::string>& command) {
    const Finished finished = cluster.Raftctl(command);
    ASSERT_EQ(finished.exit_code, 0) << finished.error;
  }
  static void Add(const Cluster& cluster, Id server) {
    Must(cluster, {"members", "add", MemberWord(cluster, server)});
  }
  static std::vector<Id> MembersAsSeenBy(Cluster& cluster, Id server) {
    std::vector<Id> ids;
    const auto status = cluster.Status(server);
    if (!status) return ids;
    for (const v1::Member& member : status->members()) ids.push_back(member.server_id());
    return ids;
  }
  static bool WarnsOf(Cluster& cluster, Id server, const std::string& words) {
    return WaitUntil([&] {
      const auto status = cluster.Status(server);
      if (!status) return false;
      return std::any_of(
          status->warnings().begin(), status->warnings().end(),
          [&](const std::string& warning) { return warning.find(words) != std::string::npos; });
    });
  }
};

TEST_F(MembershipTest, GrowsFromOneToThreeAndNeedsTwoOfThemThen) {
  Cluster cluster(1);
  cluster.StartAll();
  cluster.MustPut("before", "1");
  Add(cluster, StartJoining(cluster));
  Add(cluster, StartJoining(cluster));
  cluster.MustPut("after", "2");
  cluster.ExpectSameState({1, 2, 3});
  EXPECT_EQ(MembersAsSeenBy(cluster, 3), (std::vector<Id>{1, 2, 3}));

  cluster.Kill(cluster.WaitForLeader());
  cluster.MustPut("with two of three", "3");
  EXPECT_EQ(cluster.MustGet("before"), "1");
}

// Index 0 is the founding configuration's, not a word for "any".
TEST_F(MembershipTest, WhoExpectsTheFoundingConfigurationIsRefusedOnceItIsReplaced) {
  Cluster cluster(1);
  cluster.StartAll();
  const Id joined = StartJoining(cluster);
  Add(cluster, joined);
  v1::RemoveMemberRequest request;
  request.set_server_id(joined);
  request.set_expected_config_index(0);
  const Answer<std::string> answer =
      cluster.client(cluster.WaitForLeader())
          .Call("/raft.v1.ClusterService/RemoveMember", request.SerializeAsString());
  EXPECT_EQ(answer.error.reason, "CONFIG_MOVED");
}

TEST_F(MembershipTest, AServerThatJoinedNeedsNoFlagToComeBack) {
  Cluster cluster(1);
  cluster.StartAll();
  const Id joined = StartJoining(cluster);
  Add(cluster, joined);
  cluster.MustPut("key", "1");
  cluster.ExpectSameState({1, joined});
  cluster.Kill(joined);
  cluster.MovePeer(joined);  // from now on it is started without --join, and elsewhere
  cluster.Start(joined);
  cluster.MustPut("key", "2");
  cluster.ExpectSameState({1, joined});
}

TEST_F(MembershipTest, ShrinksFromThreeToOneAlsoByItsLeader) {
  Cluster cluster(3);
  cluster.StartAll();
  const Id leader = cluster.WaitForLeader();
  cluster.MustPut("before", "1");
  Must(cluster, {"members", "remove", std::to_string(leader)});
  EXPECT_TRUE(WarnsOf(cluster, leader, "no member any more"));
  EXPECT_NE(cluster.LogOf(leader).find("it was removed at index"), std::string::npos);
  const Id next = cluster.WaitForLeader(leader);
  ASSERT_NE(next, leader);
  EXPECT_EQ(cluster.Terminate(leader), 0);

  const Id last = 6 - leader - next;
  Must(cluster, {"members", "remove", std::to_string(next)});
  EXPECT_EQ(cluster.WaitForLeader(next), last);
  EXPECT_EQ(cluster.Terminate(next), 0);
  cluster.MustPut("alone", "2");
  EXPECT_EQ(cluster.MustGet("before"), "1");
}

TEST_F(MembershipTest, ARemovedServerSaysSoAndIsNotReady) {
  Cluster cluster(3);
  cluster.StartAll();
  const Id leader = cluster.WaitForLeader();
  const Id removed = leader % 3 + 1;
  Must(cluster, {"members", "remove", std::to_string(removed)});
  EXPECT_TRUE(WarnsOf(cluster, removed, "no member any more"));
  EXPECT_TRUE(WaitUntil([&] {
    const std::vector<std::string> ask = {"health", "--endpoint",
                                          cluster.addresses(removed).client};
    return cluster.Raftctl(ask).exit_code != 0;
  }));
  // Back with nothing but its state it cannot tell that from not having been added yet.
  cluster.Kill(removed);
  cluster.Start(removed);
  EXPECT_TRUE(WarnsOf(cluster, removed, "does not list it"));
}

// Trap D9: it was away, believes to be a voter, and must not make the others vote.
TEST_F(MembershipTest, AServerThatWasRemovedWhileItWasAwayIsToldAndDisturbsNobody) {
  Cluster cluster(3);
  cluster.StartAll();
  const Id leader = cluster.WaitForLeader();
  const Id removed = leader % 3 + 1;
  cluster.MustPut("before", "1");
  cluster.ExpectSameState({1, 2, 3});
  cluster.Kill(removed);
  Must(cluster, {"members", "remove", std::to_string(removed)});
  const std::uint64_t term = cluster.Status(leader)->header().term();
  cluster.Start(removed);
  EXPECT_TRUE(WarnsOf(cluster, removed, "no member any more"));
  cluster.MustPut("undisturbed", "1");
  EXPECT_EQ(cluster.Status(leader)->header().term(), term);
  EXPECT_EQ(cluster.WaitForLeader(removed), leader);
}

TEST_F(MembershipTest, ALearnerHoldsEverythingAndIsNotNeeded) {
  Cluster cluster(1);
  cluster.StartAll();
  const Id learner = StartJoining(cluster);
  Must(cluster, {"members", "add", MemberWord(cluster, learner), "--learner"});
  cluster.MustPut("key", "1");
  cluster.ExpectSameState({1, learner});
  EXPECT_TRUE(WarnsOf(cluster, learner, "is a learner"));
  cluster.Kill(learner);
  cluster.MustPut("without it", "2");
  cluster.Start(learner);
  cluster.ExpectSameState({1, learner});
  Must(cluster, {"members", "promote", std::to_string(learner)});
  EXPECT_NE(cluster.Raftctl({"members", "list"}).output.find("2       voter"), std::string::npos);
}

TEST_F(MembershipTest, ALearnerThatIsNeverPromotedServesStaleReadsAndNamesTheLeaderForOthers) {
  Cluster cluster(1);
  cluster.StartAll();
  cluster.MustPut("before", "old");
  const Id learner = StartJoining(cluster);
  Must(cluster, {"members", "add", MemberWord(cluster, learner), "--learner"});
  ASSERT_TRUE(WaitUntil([&] {
    const auto status = cluster.Status(learner);
    return status && status->forming().empty();
  })) << "it has heard of it";
  v1::ReadRequest stale = GetRequest("key");
  stale.set_consistency(v1::READ_CONSISTENCY_STALE);
  stale.set_min_applied_index(cluster.MustPut("key", "value"));

  const Answer<v1::ReadResponse> answer = cluster.client(learner).Read(stale);
  ASSERT_TRUE(answer.ok()) << answer.error.message;
  EXPECT_EQ(answer.response.header().server_id(), learner);
  ASSERT_EQ(answer.response.items_size(), 1);
  EXPECT_EQ(answer.response.items(0).value(), "value");
  const Answer<v1::ReadResponse> linearizable = cluster.client(learner).Get("key");
  EXPECT_EQ(linearizable.outcome, Outcome::kRefused);
  EXPECT_EQ(linearizable.error.reason, "NOT_LEADER");
  EXPECT_EQ(linearizable.error.leader_hint.client_address(), cluster.addresses(1).client);

  // It keeps up and stays what it is, and goes on serving without any voter.
  EXPECT_TRUE(WaitUntil([&] {
    return cluster.Raftctl({"members", "list"}).output.find("2       learner") != std::string::npos;
  }));
  cluster.Kill(1);
  const Finished alone = RunToEnd({RaftctlProgram(), "--endpoints",
                                   cluster.addresses(learner).client, "get", "--stale", "before"},
                                  cluster.folder());
  EXPECT_EQ(alone.exit_code, 0) << alone.error;
  EXPECT_EQ(alone.output, "old");
}

TEST_F(MembershipTest, AMemberThatMovedIsFoundAndWrittenDown) {
  Cluster cluster(3);
  cluster.StartAll();
  const Id moved = cluster.WaitForLeader() % 3 + 1;
  cluster.MustPut("before", "1");
  cluster.Kill(moved);
  cluster.MovePeer(moved);
  cluster.Start(moved);
  cluster.MustPut("after", "2");
  cluster.ExpectSameState({1, 2, 3});
  for (const Id id : cluster.ids()) {
    EXPECT_TRUE(WaitUntil([&] {
      const auto status = cluster.Status(id);
      return status && status->members(static_cast<int>(moved) - 1).peer_address() ==
                           cluster.addresses(moved).peer;
    })) << "server "
        << id << " knows the new address";
  }
  // Its vote counts again where it is now.
  cluster.Kill(6 - moved - cluster.WaitForLeader());
  cluster.MustPut("with the moved one", "3");
}

}  // namespace
}  // namespace raft::integration
