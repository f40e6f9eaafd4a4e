// A server that was away while the log was trimmed gets the state itself, whatever happens on the
// way, and ends as the others.
#include <gtest/gtest.h>

#include <string>

#include "tests/integration/cluster.h"

namespace raft::integration {
namespace {

// Three servers that keep hardly any log.
class SnapshotTest : public ::testing::Test {
 protected:
  void StartAll(const std::vector<std::string>& more_options = {}) {
    cluster_.AddOptions({"--compaction-log-entries", "50", "--compaction-log-bytes", "100000",
                         "--compaction-tail-entries", "10", "--compaction-tail-bytes", "20000"});
    cluster_.AddOptions(more_options);
    cluster_.StartAll();
  }
  // Kills a follower, and writes until the leader has trimmed what the follower lacks.
  Id LeaveOneBehind(int keys, std::size_t value_bytes) {
    const Id follower = cluster_.WaitForLeader() % 3 + 1;
    cluster_.MustPut("before", "1");
    const std::uint64_t lacks = cluster_.Status(follower)->last_log_index() + 1;
    cluster_.Kill(follower);
    for (int number = 0; number < keys; ++number) {
      cluster_.MustPut("key-" + std::to_string(number), std::string(value_bytes, 'v'));
    }
    const Id leader = cluster_.WaitForLeader(follower);
    EXPECT_TRUE(WaitUntil([&] {
      const auto status = cluster_.Status(leader);
      return status && status->first_log_index() > lacks;
    })) << "the log is trimmed";
    return follower;
  }
  // The log of the server says so, now or soon.
  bool LogSays(Id server, const std::string& words) const {
    return WaitUntil([&] { return cluster_.LogOf(server).find(words) != std::string::npos; });
  }

  Cluster cluster_{3};
};

TEST_F(SnapshotTest, AFollowerThatWasAwayGetsTheStateAndEndsAsTheOthers) {
  StartAll();
  const Id follower = LeaveOneBehind(300, 1'000);

  cluster_.Start(follower);

  cluster_.ExpectSameState(cluster_.ids());
  EXPECT_EQ(cluster_.Status(follower)->key_count(), 301u);
  EXPECT_TRUE(LogSays(follower, "took over a snapshot"));
  // It is a full member again: the cluster goes on without another one.
  const Id other =
      cluster_.WaitForLeader() == follower ? follower % 3 + 1 : cluster_.WaitForLeader();
  cluster_.Kill(other);
  cluster_.MustPut("after", "2");
  cluster_.Start(other);
  cluster_.ExpectSameState(cluster_.ids());
}

TEST_F(SnapshotTest, WritesGoOnDuringATransfer) {
  StartAll({"--snapshot-bytes-per-second", "1000000"});
  const Id follower = LeaveOneBehind(300, 10'000);

  cluster_.Start(follower);
  for (int number = 0; number < 200; ++number) {
    cluster_.MustPut("during-" + std::to_string(number), std::string(1'000, 'd'));
  }

  cluster_.ExpectSameState(cluster_.ids());
  EXPECT_TRUE(LogSays(follower, "took over a snapshot"));
}

// Trap C7: what had come is gone with the process, so the transfer begins again, from the start.
TEST_F(SnapshotTest, AFollowerThatIsKilledInTheMiddleOfATransferGetsItAgain) {
  StartAll({"--snapshot-bytes-per-second", "1000000"});
  const Id follower = LeaveOneBehind(300, 10'000);

  for (int round = 0; round < 3; ++round) {
    cluster_.Start(follower);
    const auto receives = [&] {
      const Id leader = cluster_.FindLeader(follower).value_or(0);
      const auto status = leader == 0 ? std::nullopt : cluster_.Status(leader);
      if (!status) return false;
      for (const auto& peer : status->peers()) {
        if (peer.server_id() == follower && peer.flow() == v1::PEER_FLOW_SNAPSHOT) return true;
      }
      return false;
    };
    ASSERT_TRUE(WaitUntil(receives)) << "round " << round;
    cluster_.Kill(follower);
  }
  cluster_.Start(follower);

  cluster_.ExpectSameState(cluster_.ids());
  EXPECT_TRUE(LogSays(follower, "took over a snapshot"));
}

TEST_F(SnapshotTest, ALeaderThatIsKilledInTheMiddleOfATransferIsReplacedAndTheNextOneSends) {
  StartAll({"--snapshot-bytes-per-second", "1000000"});
  const Id follower = LeaveOneBehind(300, 10'000);
  const Id leader = cluster_.WaitForLeader(follower);
  cluster_.Start(follower);
  ASSERT_TRUE(LogSays(follower, "sends a snapshot"));

  cluster_.Kill(leader);
  cluster_.MustPut("after", "2");  // the follower's vote is needed for it
  cluster_.Start(leader);

  cluster_.ExpectSameState(cluster_.ids());
}

TEST_F(SnapshotTest, AllServersAreKilledAtOnceAndComeBackFromWhatIsLeftOfTheLog) {
  StartAll();
  for (int number = 0; number < 300; ++number) {
    cluster_.MustPut("key-" + std::to_string(number % 50), std::to_string(number));
  }

  for (const Id id : cluster_.ids()) cluster_.Kill(id);
  cluster_.StartAll();

  EXPECT_EQ(cluster_.MustGet("key-49"), "299");
  cluster_.ExpectSameState(cluster_.ids());
  EXPECT_GT(cluster_.Status(1)->first_log_index(), 1u);
}

}  // namespace
}  // namespace raft::integration
