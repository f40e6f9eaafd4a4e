// A data directory that is put back from an old copy has the right identity and a short memory. The
// others remember: the server ends, says the way back, and votes in no election. A server that only
// restarted is never taken for one. Traps D11, H20.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/cluster.h"
#include "tests/integration/steady_load.h"

namespace raft::integration {
namespace {

constexpr int kDataDirectoryUnusable = 3;
constexpr char kPropose[] = "/raft.v1.ConsensusService/Propose";

class RestoredDirectoryTest : public ::testing::Test {
 protected:
  void Write(const std::string& prefix, int count) {
    for (int number = 0; number < count; ++number) {
      cluster_.MustPut(prefix + std::to_string(number), "value");
    }
  }
  std::string CopyOf(Id server) const { return cluster_.data_dir(server) + "-of-yesterday"; }

  // Requires: the server runs.
  void StopAndCopy(Id server) {
    ASSERT_EQ(cluster_.Terminate(server), 0);
    std::filesystem::copy(cluster_.data_dir(server), CopyOf(server),
                          std::filesystem::copy_options::recursive);
    cluster_.Start(server);
  }
  void StopAndPutBackTheCopy(Id server) {
    ASSERT_EQ(cluster_.Terminate(server), 0);
    std::filesystem::remove_all(cluster_.data_dir(server));
    std::filesystem::rename(CopyOf(server), cluster_.data_dir(server));
    cluster_.Start(server);
  }

  void ExpectItEndsAndSaysTheWayBack(Id server) {
    EXPECT_EQ(cluster_.process(server).WaitForExit(), kDataDirectoryUnusable);
    const std::string log = cluster_.LogOf(server);
    const std::string id = std::to_string(server);
    for (const std::string& words :
         {std::string("remembers more of this server"), std::string("old copy"),
          cluster_.data_dir(server), std::string("The way back"), "raftctl members remove " + id,
          "raftctl members add " + id + "=" + cluster_.addresses(server).peer}) {
      EXPECT_NE(log.find(words), std::string::npos) << words << " is not in:\n" << log;
    }
    cluster_.Kill(server);
  }

  void Must(const std::vector<std::string>& command) {
    const Finished finished = cluster_.Raftctl(command);
    ASSERT_EQ(finished.exit_code, 0) << finished.error;
  }
  void GoTheWayBack(Id server) {
    std::filesystem::rename(cluster_.data_dir(server), cluster_.data_dir(server) + "-away");
    Must({"members", "remove", std::to_string(server)});
    cluster_.Rejoin(server);
    cluster_.Start(server);
    ASSERT_TRUE(WaitUntil([&] { return cluster_.Status(server).has_value(); }));
    Must({"members", "add", std::to_string(server) + "=" + cluster_.addresses(server).peer});
  }

  void ExpectNobodyWasTakenForACopy() {
    for (const Id id : cluster_.ids()) {
      EXPECT_TRUE(cluster_.process(id).IsRunning()) << "server " << id;
      EXPECT_EQ(cluster_.LogOf(id).find("old copy"), std::string::npos) << "server " << id;
      EXPECT_EQ(cluster_.LogOf(id).find("two processes"), std::string::npos) << "server " << id;
    }
  }

  Cluster cluster_{3};
};

TEST_F(RestoredDirectoryTest, ForgottenEntriesEndTheServerAndTheWayBackMakesItAVoterAgain) {
  cluster_.StartAll();
  const Id server = cluster_.WaitForLeader() % 3 + 1;
  Write("before-", 5);
  StopAndCopy(server);
  Write("after-", 20);
  cluster_.WaitUntilEqual(cluster_.ids());

  StopAndPutBackTheCopy(server);
  ExpectItEndsAndSaysTheWayBack(server);
  Write("meanwhile-", 3);
  cluster_.Start(server);
  ExpectItEndsAndSaysTheWayBack(server);

  GoTheWayBack(server);
  cluster_.ExpectSameState(cluster_.ids());
  // Its vote counts: with one of the others away, nothing is decided without it.
  cluster_.Kill(cluster_.WaitForLeader());
  cluster_.MustPut("with the one that came back", "value");
  EXPECT_EQ(cluster_.MustGet("after-19"), "value");
}

TEST_F(RestoredDirectoryTest, AForgottenTermEndsTheServer) {
  cluster_.StartAll();
  const Id first_leader = cluster_.WaitForLeader();
  const Id server = first_leader % 3 + 1;
  Write("before-", 5);
  StopAndCopy(server);
  cluster_.WaitUntilEqual(cluster_.ids());
  cluster_.Kill(first_leader);
  Write("in another term-", 1);
  cluster_.Start(first_leader);
  cluster_.WaitUntilEqual(cluster_.ids());

  StopAndPutBackTheCopy(server);
  ExpectItEndsAndSaysTheWayBack(server);
  cluster_.MustPut("without it", "value");
  EXPECT_EQ(cluster_.MustGet("in another term-0"), "value");
}

// A copy of a moment ago is as good as a restart: nothing was promised since.
TEST_F(RestoredDirectoryTest, ACopyThatHasForgottenNothingServes) {
  cluster_.StartAll();
  const Id server = cluster_.WaitForLeader() % 3 + 1;
  Write("before-", 5);
  cluster_.WaitUntilEqual(cluster_.ids());
  ASSERT_EQ(cluster_.Terminate(server), 0);
  std::filesystem::copy(cluster_.data_dir(server), CopyOf(server),
                        std::filesystem::copy_options::recursive);
  std::filesystem::remove_all(cluster_.data_dir(server));
  std::filesystem::rename(CopyOf(server), cluster_.data_dir(server));
  cluster_.Start(server);
  Write("after-", 5);
  cluster_.ExpectSameState(cluster_.ids());
  ExpectNobodyWasTakenForACopy();
}

TEST_F(RestoredDirectoryTest, ServersThatAreKilledOrStoppedUnderLoadAreNeverRefused) {
  cluster_.StartAll();
  cluster_.WaitForLeader();
  std::vector<std::string> addresses;
  for (const Id id : cluster_.ids()) addresses.push_back(cluster_.addresses(id).client);
  SteadyLoad load(addresses, 4);
  for (int round = 0; round < 9; ++round) {
    const std::size_t before = load.acknowledged();
    ASSERT_TRUE(WaitUntil([&] { return load.acknowledged() >= before + 200; }));
    const Id server = static_cast<Id>(round) % 3 + 1;
    if (round % 2 == 0) {
      cluster_.Kill(server);
    } else {
      EXPECT_EQ(cluster_.Terminate(server), 0);
    }
    cluster_.Start(server);
    ASSERT_TRUE(WaitUntil([&] {
      const auto status = cluster_.Status(server);
      return status && status->header().leader_id() != 0;
    })) << "server "
        << server << " serves again";
  }
  load.Stop();
  cluster_.ExpectSameState(cluster_.ids());
  ExpectNobodyWasTakenForACopy();
}

// The old leader remembers that its follower acknowledged an entry, and the next leader took that
// entry back by right. Both are met again after the follower's restart.
TEST(RestoredDirectoryOfFiveTest, AFollowerWhoseUncommittedEntriesWereTakenBackIsNeverRefused) {
  Cluster cluster(5);
  cluster.StartAll();
  const Id leader = cluster.WaitForLeader();
  const Id follower = leader % 5 + 1;
  cluster.MustPut("before", "value");
  cluster.WaitUntilEqual(cluster.ids());
  std::vector<Id> majority = cluster.ids();
  std::erase_if(majority, [&](Id id) { return id == leader || id == follower; });
  const std::uint64_t committed = cluster.Status(follower)->last_log_index();

  for (const Id id : majority) cluster.Stop(id);
  const auto doomed = cluster.client(leader).Start(
      kPropose, PutRequest("doomed", "value").SerializeAsString(), Milliseconds(60'000));
  ASSERT_TRUE(WaitUntil([&] {
    const auto status = cluster.Status(follower);
    return status && status->last_log_index() > committed;
  })) << "the follower holds the entry that no majority has";
  cluster.Stop(leader);
  cluster.Stop(follower);
  for (const Id id : majority) cluster.Continue(id);
  cluster.MustPut("of the next leader", "value");
  doomed->Cancel();
  cluster.Continue(leader);
  cluster.Continue(follower);
  cluster.WaitUntilEqual(cluster.ids());

  cluster.Kill(follower);
  cluster.Start(follower);
  cluster.WaitUntilEqual(cluster.ids());
  const Finished moved = cluster.Raftctl({"leader", "transfer", "--to", std::to_string(leader)});
  EXPECT_EQ(moved.exit_code, 0) << moved.error;
  cluster.MustPut("of the old leader", "value");
  cluster.ExpectSameState(cluster.ids());
  for (const Id id : cluster.ids()) {
    EXPECT_EQ(cluster.LogOf(id).find("old copy"), std::string::npos) << "server " << id;
  }
}

}  // namespace
}  // namespace raft::integration
