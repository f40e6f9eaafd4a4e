// What keeps the log from being trimmed costs those who write, not the disk: a full log refuses,
// and a transfer that the log cannot wait for begins anew.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/cluster.h"

namespace raft::integration {
namespace {

constexpr char kPropose[] = "/raft.v1.ConsensusService/Propose";
constexpr std::size_t kValueBytes = 10'000;

// One server is away, and another one stands still for a moment: what is proposed then cannot be
// committed, so cannot be trimmed. The one that is away is named, for it is what can be repaired.
TEST(FullLogTest, ALogThatCannotBeTrimmedRefusesNamesTheSilentServerAndServesOnceItCan) {
  Cluster cluster(3);
  // What is committed before is too little to be trimmed, so the log is full before as much as it
  // may hold is uncommitted (OVERLOADED). Silence is noticed late: the leader goes on meanwhile.
  cluster.AddOptions({"--value-bytes-max", "20000", "--command-bytes-max", "30000",
                      "--uncommitted-bytes-max", "150000", "--log-bytes-max", "150000",
                      "--compaction-log-bytes", "40000", "--compaction-tail-bytes", "30000",
                      "--election-timeout-min-ms", "1500", "--election-timeout-max-ms", "1600"});
  cluster.StartAll();
  const Id leader = cluster.WaitForLeader();
  const Id away = leader % 3 + 1;
  const Id still = 6 - leader - away;
  cluster.Kill(away);
  const std::string value(kValueBytes, 'v');
  for (int number = 0; number < 3; ++number) {
    cluster.MustPut("before-" + std::to_string(number), value);
  }
  ASSERT_TRUE(WaitUntil([&] {
    return cluster.Raftctl({"status"})
               .output.find("server " + std::to_string(away) + " has not answered for") !=
           std::string::npos;
  }));

  cluster.Stop(still);
  std::vector<std::unique_ptr<PendingCall>> waiting;
  for (int number = 0; number < 15; ++number) {
    const v1::ProposeRequest put = PutRequest("waiting-" + std::to_string(number), value);
    waiting.push_back(cluster.client(leader).Start(kPropose, put.SerializeAsString()));
  }
  // Once one is refused all are, as long as nothing changes.
  EXPECT_TRUE(WaitUntil([&] {
    return cluster.Metric(leader, "raft_proposals_completed_total{outcome=\"overloaded\"}") > 0;
  }));
  Answer<v1::ProposeResponse> refused = cluster.client(leader).Put("one too many", value);
  cluster.Continue(still);

  EXPECT_EQ(refused.outcome, Outcome::kRefused);
  EXPECT_EQ(refused.error.reason, "LOG_FULL") << refused.error.message;
  EXPECT_EQ(refused.error.message, "the log has reached --log-bytes-max; server " +
                                       std::to_string(away) +
                                       " does not answer and holds it up: bring it back");
  EXPECT_EQ(refused.error.metadata["silent_server_id"], std::to_string(away));
  for (std::size_t number = 0; number < waiting.size(); ++number) {
    const Answer<std::string> answer = waiting[number]->Wait();
    EXPECT_TRUE(answer.ok() || answer.error.reason == "LOG_FULL") << answer.error.message;
    const std::string stored = cluster.MustGet("waiting-" + std::to_string(number));
    EXPECT_TRUE(stored == (answer.ok() ? value : "(absent)")) << number;
  }
  EXPECT_EQ(cluster.MustGet("one too many"), "(absent)");
  cluster.MustPut("after", "served again");
  cluster.Start(away);
  cluster.ExpectSameState(cluster.ids());
}

// The snapshot takes a second and a half; the log waits for it as long as it needs twice the tail.
TEST(FullLogTest, ATransferThatTheLogCannotWaitForBeginsAnewAndTheNewcomerArrivesAllTheSame) {
  Cluster cluster(1);
  cluster.AddOptions({"--compaction-log-bytes", "100000", "--compaction-tail-bytes", "50000",
                      "--snapshot-bytes-per-second", "1000000"});
  cluster.StartAll();
  const std::string value(kValueBytes, 'v');
  const auto write = [&](const std::string& prefix, int count) {
    for (int number = 0; number < count; ++number) {
      cluster.MustPut(prefix + std::to_string(number), value);
    }
  };
  write("state-", 150);
  ASSERT_TRUE(WaitUntil([&] { return cluster.Status(1)->first_log_index() > 1; }));
  const Id newcomer = cluster.AddServer();
  cluster.Start(newcomer);
  ASSERT_TRUE(WaitUntil([&] { return cluster.Status(newcomer).has_value(); }));
  const Finished added =
      cluster.Raftctl({"members", "add", "2=" + cluster.addresses(newcomer).peer, "--no-wait"});
  ASSERT_EQ(added.exit_code, 0) << added.error;
  ASSERT_TRUE(WaitUntil(
      [&] { return cluster.Metric(newcomer, "raft_snapshot_received_bytes_total") > 0; }));
  ASSERT_EQ(cluster.Metric(1, "raft_snapshot_transfers_restarted_total"), 0);

  // In place of what is there, so that the next transfer is no longer than this one.
  write("state-", 40);

  EXPECT_TRUE(
      WaitUntil([&] { return cluster.Metric(1, "raft_snapshot_transfers_restarted_total") >= 1; }));
  EXPECT_TRUE(WaitUntil([&] {
    return cluster.Raftctl({"members", "list"}).output.find("2       voter") != std::string::npos;
  }));
  cluster.ExpectSameState({1, newcomer});
  EXPECT_EQ(cluster.Status(newcomer)->key_count(), 150u);
}

}  // namespace
}  // namespace raft::integration
