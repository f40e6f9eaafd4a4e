// A server that joins a cluster with a long past gets the state first. While that takes its time
// nobody waits for it, everybody can see it, and it can be called off.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/cluster.h"

namespace raft::integration {
namespace {

// Three megabytes in the state, hardly any log, and a snapshot that takes three seconds.
class SlowJoinTest : public ::testing::Test {
 protected:
  SlowJoinTest() {
    cluster_.AddOptions({"--compaction-log-entries", "50", "--compaction-log-bytes", "100000",
                         "--compaction-tail-entries", "10", "--compaction-tail-bytes", "20000",
                         "--snapshot-bytes-per-second", "1000000"});
    cluster_.StartAll();
    for (int number = 0; number < 300; ++number) {
      cluster_.MustPut("key-" + std::to_string(number), std::string(10'000, 'v'));
    }
    EXPECT_TRUE(WaitUntil([&] {
      const auto status = cluster_.Status(1);
      return status && status->first_log_index() > 100;
    })) << "the log is trimmed";
    newcomer_ = cluster_.AddServer();
    cluster_.Start(newcomer_);
    EXPECT_TRUE(WaitUntil([&] { return cluster_.Status(newcomer_).has_value(); }));
    const Finished added = cluster_.Raftctl(
        {"members", "add", "2=" + cluster_.addresses(newcomer_).peer, "--no-wait"});
    EXPECT_EQ(added.exit_code, 0) << added.error;
  }

  bool LeaderWaitsForTheNewcomer() {
    return WaitUntil([&] {
      return cluster_.Raftctl({"status"}).output.find("a change of members waits for server 2") !=
             std::string::npos;
    });
  }

  Cluster cluster_{1};
  Id newcomer_ = 0;
};

TEST_F(SlowJoinTest, WritesGoOnAndTheNewcomerBecomesAVoterInTheEnd) {
  EXPECT_TRUE(LeaderWaitsForTheNewcomer());
  cluster_.MustPut("during", "1");
  EXPECT_TRUE(WaitUntil([&] {
    const std::string members = cluster_.Raftctl({"members", "list"}).output;
    return members.find("2       voter") != std::string::npos;
  }));
  cluster_.ExpectSameState({1, newcomer_});
  EXPECT_NE(cluster_.LogOf(newcomer_).find("took over a snapshot"), std::string::npos);
}

TEST_F(SlowJoinTest, StatusAndMetricsSayHowFarItsSnapshotIs) {
  const auto share = [&] {
    const std::string words = "snapshot to server 2: ";
    const std::string status = cluster_.Raftctl({"status"}).output;
    const std::size_t line = status.find("\n" + words);
    const std::size_t of = status.find(" % of 2.9 MiB\n", line);
    return of == std::string::npos ? -1 : std::stod(status.substr(line + 1 + words.size()));
  };
  const auto metric = [&](const std::string& name) {
    return cluster_.Metric(1, "raft_peer_snapshot_" + name + "_bytes{peer=\"2\"}");
  };
  double first = 0;
  EXPECT_TRUE(WaitUntil([&] { return (first = share()) > 0; }));
  EXPECT_LT(first, 100);
  EXPECT_GT(metric("sent"), 0);
  EXPECT_GT(metric("size"), 2'900'000);
  EXPECT_TRUE(WaitUntil([&] { return share() > first; })) << "it goes on";

  EXPECT_TRUE(WaitUntil([&] {
    return cluster_.Raftctl({"members", "list"}).output.find("2       voter") != std::string::npos;
  }));
  EXPECT_TRUE(WaitUntil([&] {
    return metric("sent") == 0 &&
           cluster_.Raftctl({"status"}).output.find("snapshot to") == std::string::npos;
  })) << "line and series go with the transfer";
}

TEST_F(SlowJoinTest, ANewcomerCanBeCalledOff) {
  EXPECT_TRUE(LeaderWaitsForTheNewcomer());
  const Finished removed = cluster_.Raftctl({"members", "remove", "2"});
  EXPECT_EQ(removed.exit_code, 0) << removed.error;
  EXPECT_EQ(removed.output.find("joining"), std::string::npos);
  cluster_.MustPut("after", "1");
}

TEST_F(SlowJoinTest, ANewcomerThatIsKilledOnItsWayInComesBackAndGoesOn) {
  EXPECT_TRUE(LeaderWaitsForTheNewcomer());
  cluster_.Kill(newcomer_);
  cluster_.MustPut("without it", "1");
  cluster_.Start(newcomer_);
  EXPECT_TRUE(WaitUntil([&] {
    const std::string members = cluster_.Raftctl({"members", "list"}).output;
    return members.find("2       voter") != std::string::npos;
  }));
  cluster_.ExpectSameState({1, newcomer_});
}

}  // namespace
}  // namespace raft::integration
