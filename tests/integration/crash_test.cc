// Servers die, stand still and come back; nothing acknowledged is lost and no read is stale.
#include <gtest/gtest.h>

#include "tests/integration/cluster.h"

namespace raft::integration {
namespace {

constexpr char kRead[] = "/raft.v1.ConsensusService/Read";

TEST(CrashTest, TheLeaderIsKilledAndNothingAcknowledgedIsLost) {
  Cluster cluster(3);
  cluster.StartAll();
  std::map<std::string, std::uint64_t> acknowledged;
  for (int round = 0; round < 5; ++round) {
    const Id leader = cluster.WaitForLeader();
    const std::string key = "round-" + std::to_string(round);
    acknowledged[key] = cluster.MustPut(key, "kept");

    cluster.Kill(leader);
    EXPECT_EQ(cluster.MustGet(key), "kept");
    cluster.Start(leader);
  }

  cluster.ExpectSameState(cluster.ids());
  const Id leader = cluster.WaitForLeader();
  for (const auto& [key, revision] : acknowledged) {
    const auto answer = cluster.client(leader).Get(key);
    ASSERT_TRUE(answer.ok()) << answer.error.message;
    ASSERT_EQ(answer.response.items_size(), 1) << key;
    EXPECT_EQ(answer.response.items(0).modified_revision(), revision) << key;
  }
}

TEST(CrashTest, AKilledFollowerCatchesUpWithWhatItMissed) {
  Cluster cluster(3);
  cluster.StartAll();
  const Id follower = cluster.WaitForLeader() % 3 + 1;
  cluster.MustPut("before", "1");

  cluster.Kill(follower);
  for (int number = 0; number < 200; ++number) {
    cluster.MustPut("missed-" + std::to_string(number), std::string(1'000, 'v'));
  }
  cluster.Start(follower);

  cluster.ExpectSameState(cluster.ids());
  EXPECT_EQ(cluster.Status(follower)->key_count(), 201u);
}

TEST(CrashTest, AllServersAreKilledAtOnceAndComeBackWithTheSameState) {
  Cluster cluster(3);
  cluster.StartAll();
  for (int number = 0; number < 50; ++number) {
    cluster.MustPut("key-" + std::to_string(number), std::to_string(number));
  }

  for (const Id id : cluster.ids()) cluster.Kill(id);
  cluster.StartAll();

  EXPECT_EQ(cluster.MustGet("key-49"), "49");
  cluster.ExpectSameState(cluster.ids());
  EXPECT_EQ(cluster.Status(1)->key_count(), 50u);
}

TEST(CrashTest, ALeaderThatStoodStillServesNoStaleReadAfterItResumes) {
  Cluster cluster(3);
  cluster.StartAll();
  cluster.MustPut("key", "old");
  const Id old_leader = cluster.WaitForLeader();
  cluster.Stop(old_leader);

  const Id new_leader = cluster.WaitForLeader(old_leader);
  ASSERT_NE(new_leader, 0u);
  ASSERT_TRUE(WaitUntil([&] { return cluster.client(new_leader).Put("key", "new").ok(); }));
  // These reads begin after "new" was acknowledged, and wait in the old leader's sockets: it meets
  // them in the first instant of its new life, while it still believes that it leads.
  std::vector<std::unique_ptr<PendingCall>> reads;
  for (int number = 0; number < 20; ++number) {
    reads.push_back(cluster.client(old_leader).Start(kRead, GetRequest("key").SerializeAsString()));
  }
  cluster.Continue(old_leader);

  for (const auto& read : reads) {
    const Answer<std::string> answer = read->Wait();
    v1::ReadResponse response;
    if (!answer.ok() || !response.ParseFromString(answer.response)) continue;
    ASSERT_EQ(response.items_size(), 1);
    EXPECT_EQ(response.items(0).value(), "new");
  }
  cluster.ExpectSameState(cluster.ids());
}

TEST(CrashTest, AFollowerThatStoodStillDoesNotUnseatTheLeaderWhenItResumes) {
  Cluster cluster(3);
  cluster.StartAll();
  const Id leader = cluster.WaitForLeader();
  const Id follower = leader % 3 + 1;
  const std::uint64_t term = cluster.Status(leader)->header().term();

  cluster.Stop(follower);
  // Two election timeouts and more go by: what matters is that time passed, as in a suspended
  // machine.
  EXPECT_FALSE(
      WaitUntil([&] { return cluster.FindLeader(follower) != leader; }, Milliseconds(1'500)));
  cluster.Continue(follower);

  cluster.MustPut("key", "value");
  cluster.ExpectSameState(cluster.ids());
  EXPECT_EQ(cluster.WaitForLeader(), leader);
  EXPECT_EQ(cluster.Status(leader)->header().term(), term);
}

}  // namespace
}  // namespace raft::integration
