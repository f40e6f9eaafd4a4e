// A snapshot that takes its time and breaks on its way: what has come is not sent again, as long as
// somebody has the rest of it.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/cluster.h"
#include "tests/integration/steady_load.h"

namespace raft::integration {
namespace {

// Three megabytes in the state, hardly any log, and a snapshot that takes six seconds.
class SnapshotResumeTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kStateBytes = 3'000'000;

  static void FillAndTrim(Cluster& cluster) {
    for (int number = 0; number < 300; ++number) {
      cluster.MustPut("key-" + std::to_string(number), std::string(10'000, 'v'));
    }
  }
  static void Prepare(Cluster& cluster) {
    cluster.AddOptions({"--compaction-log-entries", "50", "--compaction-log-bytes", "100000",
                        "--compaction-tail-entries", "10", "--compaction-tail-bytes", "20000",
                        "--snapshot-bytes-per-second", "500000"});
    cluster.StartAll();
  }
  static bool LogSays(const Cluster& cluster, Id server, const std::string& words) {
    return WaitUntil([&] { return cluster.LogOf(server).find(words) != std::string::npos; });
  }
  // Every byte of the state came once, but for a few pieces.
  static void ExpectResumed(Cluster& cluster, Id receiver) {
    EXPECT_TRUE(LogSays(cluster, receiver, "took over a snapshot"));
    EXPECT_GE(cluster.Metric(receiver, "raft_snapshot_transfers_resumed_total"), 1);
    EXPECT_LT(cluster.Metric(receiver, "raft_snapshot_received_bytes_total"), kStateBytes * 5 / 4);
  }
  // What the snapshot replaced is gone, without a restart.
  static void ExpectOneState(Cluster& cluster, Id receiver) {
    EXPECT_TRUE(WaitUntil([&] {
      int states = 0;
      for (const auto& entry : std::filesystem::directory_iterator(cluster.data_dir(receiver))) {
        const std::string name = entry.path().filename().string();
        states += name.starts_with("state-") && entry.is_directory();
      }
      return states == 1;
    }));
  }
  static void WaitForAMegabyte(Cluster& cluster, Id receiver) {
    ASSERT_TRUE(WaitUntil([&] {
      return cluster.Metric(receiver, "raft_snapshot_received_bytes_total") > 1'000'000;
    }));
  }
};

// It stands still until the leader has given its connection up.
TEST_F(SnapshotResumeTest, ANewcomerThatLosesItsConnectionGoesOnWhereItWas) {
  Cluster cluster{1};
  Prepare(cluster);
  FillAndTrim(cluster);
  const Id newcomer = cluster.AddServer();
  cluster.Start(newcomer);
  ASSERT_TRUE(WaitUntil([&] { return cluster.Status(newcomer).has_value(); }));
  const Finished added =
      cluster.Raftctl({"members", "add", "2=" + cluster.addresses(newcomer).peer, "--no-wait"});
  ASSERT_EQ(added.exit_code, 0) << added.error;
  WaitForAMegabyte(cluster, newcomer);

  cluster.Stop(newcomer);
  EXPECT_TRUE(LogSays(cluster, 1, "did not reach server 2"));
  cluster.Continue(newcomer);

  EXPECT_TRUE(WaitUntil([&] {
    return cluster.Raftctl({"members", "list"}).output.find("2       voter") != std::string::npos;
  }));
  cluster.ExpectSameState({1, newcomer});
  ExpectResumed(cluster, newcomer);
  ExpectOneState(cluster, newcomer);
}

// Three servers, of which one was away for too long.
class LeaderKilledTest : public SnapshotResumeTest {
 protected:
  void SetUp() override {
    Prepare(cluster_);
    follower_ = cluster_.WaitForLeader() % 3 + 1;
    cluster_.MustPut("before", "1");
    const std::uint64_t lacks = cluster_.Status(follower_)->last_log_index() + 1;
    cluster_.Kill(follower_);
    FillAndTrim(cluster_);
    leader_ = cluster_.WaitForLeader(follower_);
    ASSERT_TRUE(WaitUntil([&] {
      const auto status = cluster_.Status(leader_);
      return status && status->first_log_index() > lacks;
    })) << "the log is trimmed";
    cluster_.WaitUntilEqual({leader_, 6 - leader_ - follower_});
  }

  Cluster cluster_{3};
  Id leader_ = 0;
  Id follower_ = 0;
};

// Nothing can be committed without the follower, so both leaders' states are the same.
TEST_F(LeaderKilledTest, TheNextLeaderGoesOnWithTheSameSnapshot) {
  cluster_.Start(follower_);
  WaitForAMegabyte(cluster_, follower_);

  cluster_.Kill(leader_);

  EXPECT_TRUE(LogSays(cluster_, follower_, "goes on with the snapshot"));
  EXPECT_TRUE(LogSays(cluster_, follower_, "took over a snapshot"));
  ExpectResumed(cluster_, follower_);
  ExpectOneState(cluster_, follower_);
  cluster_.Start(leader_);
  cluster_.ExpectSameState(cluster_.ids());
}

// Then the next leader's state is another one, and nothing of the two is mixed.
TEST_F(LeaderKilledTest, UnderLoadTheNextLeaderSendsItsOwn) {
  std::vector<std::string> addresses;
  for (const Id id : cluster_.ids()) addresses.push_back(cluster_.addresses(id).client);
  SteadyLoad load(addresses, 1);
  cluster_.Start(follower_);
  WaitForAMegabyte(cluster_, follower_);

  cluster_.Kill(leader_);

  EXPECT_TRUE(LogSays(cluster_, follower_, "took over a snapshot"));
  cluster_.Start(leader_);
  load.Stop();
  cluster_.ExpectSameState(cluster_.ids());
}

}  // namespace
}  // namespace raft::integration
