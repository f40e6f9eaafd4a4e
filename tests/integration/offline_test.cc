// What raftctl does with the directories of servers that do not run: it looks without touching, and
// rescues a cluster that has lost its majority.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/integration/cluster.h"
#include "tests/integration/lone_server.h"

namespace raft::integration {
namespace {

constexpr int kFailed = 1;

class OfflineTest : public ::testing::Test {
 protected:
  void StartAll() {
    cluster_.StartAll();
    cluster_.WaitForLeader();
  }
  void Put(int from, int to) {
    for (int number = from; number < to; ++number) {
      cluster_.MustPut("key-" + std::to_string(number), "value-" + std::to_string(number));
    }
  }
  void KillAll() {
    for (const Id id : cluster_.ids()) {
      if (cluster_.IsUp(id)) cluster_.Kill(id);
    }
  }
  Finished InspectLog(Id server, const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments = {"log", "inspect", cluster_.data_dir(server)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return RunRaftctl(arguments, cluster_.folder());
  }
  // From the directories of these servers, answering `answer` when asked.
  Finished Recover(const std::vector<Id>& survivors, const LoneServer& server,
                   const std::string& answer, const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments = {"recover"};
    for (const Id id : survivors) {
      arguments.insert(arguments.end(), {"--from", cluster_.data_dir(id)});
    }
    arguments.insert(arguments.end(),
                     {"--to", server.data_dir(), "--server-id", std::to_string(server.id()),
                      "--peer-address", server.addresses().peer});
    arguments.insert(arguments.end(), options.begin(), options.end());
    const std::string input = cluster_.folder() + "/answer";
    std::ofstream(input) << answer;
    return RunRaftctl(arguments, cluster_.folder(), input);
  }
  // Until then it does not say which cluster it belongs to.
  bool OpenedItsLog(Id server) {
    return WaitUntil([&] {
      const auto status = cluster_.Status(server);
      return status && status->forming().empty();
    });
  }
  bool Has(const std::string& text, const std::string& words) {
    return text.find(words) != std::string::npos;
  }

  Cluster cluster_{3};
  const std::string recovered_ = cluster_.folder() + "/recovered";
};

TEST_F(OfflineTest, LogInspectShowsAStoppedServerAndChangesNoByte) {
  StartAll();
  Put(0, 20);
  cluster_.WaitUntilEqual(cluster_.ids());
  KillAll();
  const auto before = ContentsOf(cluster_.data_dir(2));

  const Finished text = InspectLog(2);
  const Finished json = InspectLog(2, {"-o", "json", "--limit", "0"});
  const Finished part = InspectLog(2, {"--from", "3", "--to", "5", "--limit", "2"});

  EXPECT_EQ(text.exit_code, 0) << text.error;
  EXPECT_TRUE(Has(text.output, "server id"));
  EXPECT_TRUE(Has(text.output, "put \"key-19\" = \"value-19\"")) << text.output;
  EXPECT_TRUE(Has(text.output, "no-op"));
  EXPECT_EQ(JsonFact(json.output, "server_id"), "2");
  EXPECT_EQ(JsonFact(json.output, "keys"), "20");
  EXPECT_TRUE(Has(part.output, "\n3 ") && Has(part.output, "\n4 ")) << part.output;
  EXPECT_FALSE(Has(part.output, "\n5 ")) << part.output;
  EXPECT_TRUE(Has(part.output, "1 more: --from 5")) << part.output;
  EXPECT_EQ(ContentsOf(cluster_.data_dir(2)), before);
}

TEST_F(OfflineTest, LogInspectRefusesAServerThatRunsAndWhatIsNoServer) {
  StartAll();
  const Finished running = InspectLog(1);
  EXPECT_EQ(running.exit_code, kFailed);
  EXPECT_TRUE(Has(running.error, cluster_.data_dir(1))) << running.error;
  EXPECT_TRUE(Has(running.error, std::to_string(cluster_.process(1).pid()))) << running.error;
  EXPECT_TRUE(cluster_.process(1).IsRunning());
  const Finished nothing =
      RunRaftctl({"log", "inspect", cluster_.folder() + "/nothing"}, cluster_.folder());
  EXPECT_EQ(nothing.exit_code, kFailed);
  EXPECT_TRUE(Has(nothing.error, "/nothing")) << nothing.error;
}

TEST_F(OfflineTest, OneSurvivorOfThreeBecomesANewClusterThatGrowsAgain) {
  StartAll();
  Put(0, 50);
  cluster_.WaitUntilEqual(cluster_.ids());
  const std::uint64_t last = cluster_.Status(2)->last_log_index();
  const std::string old_cluster = cluster_.Status(2)->header().cluster_id();
  KillAll();
  const auto before = ContentsOf(cluster_.data_dir(2));

  LoneServer recovered(2, recovered_, cluster_.folder());
  const Finished made = Recover({2}, recovered, "yes\n");

  ASSERT_EQ(made.exit_code, 0) << made.error;
  EXPECT_TRUE(Has(made.output, "The best is server 2")) << made.output;
  EXPECT_TRUE(Has(made.output, "Lost: whatever was acknowledged after index")) << made.output;
  EXPECT_EQ(ContentsOf(cluster_.data_dir(2)), before);
  recovered.Start();
  ASSERT_TRUE(recovered.Leads());
  for (int number = 0; number < 50; ++number) {
    EXPECT_EQ(recovered.MustGet("key-" + std::to_string(number))->value(),
              "value-" + std::to_string(number));
  }
  EXPECT_GT(recovered.MustPut("after", "1"), last);
  EXPECT_NE(recovered.Status()->header().cluster_id(), old_cluster);

  LoneServer joining(5, recovered_ + "-5", cluster_.folder());
  joining.Start({"--join"});
  Finished added;
  EXPECT_TRUE(WaitUntil([&] {
    added = RunRaftctl({"--endpoints", recovered.addresses().client, "members", "add",
                        "5=" + joining.addresses().peer},
                       cluster_.folder());
    return added.exit_code == 0;
  })) << added.error;
  EXPECT_TRUE(WaitUntil([&] {
    const auto status = joining.Status();
    return status && status->key_count() == 51;
  })) << joining.Log();
}

// The two that were believed lost come back, and look for the third where the new cluster lives.
TEST_F(OfflineTest, OldMembersThatComeBackStayApartFromTheRecoveredClusterEvenAtOneAddress) {
  StartAll();
  Put(0, 5);
  cluster_.WaitUntilEqual(cluster_.ids());
  const std::string old_cluster = cluster_.Status(2)->header().cluster_id();
  KillAll();
  LoneServer recovered(2, recovered_, cluster_.folder(), cluster_.addresses(2));
  ASSERT_EQ(Recover({2}, recovered, "yes\n").exit_code, 0);
  recovered.Start();
  ASSERT_TRUE(recovered.Leads());
  const std::uint64_t new_revision = recovered.MustPut("which", "new");
  const std::uint64_t term = recovered.Status()->header().term();

  cluster_.Start(1);
  cluster_.Start(3);
  EXPECT_TRUE(WaitUntil([&] {
    return cluster_.client(1).Put("which", "old").ok() ||
           cluster_.client(3).Put("which", "old").ok();
  })) << "two of three are the old cluster, and serve";

  EXPECT_EQ(recovered.MustGet("which")->value(), "new");
  EXPECT_EQ(recovered.MustGet("which")->modified_revision(), new_revision);
  EXPECT_TRUE(recovered.Leads());
  EXPECT_EQ(recovered.Status()->header().term(), term) << "nobody made it vote";
  EXPECT_NE(recovered.Status()->header().cluster_id(), old_cluster);
  EXPECT_EQ(cluster_.Status(1)->header().cluster_id(), old_cluster);
  // An old directory does not get in by being asked to, nor by being told to join.
  const auto add_server_1 = [&] {
    return RunRaftctl({"--endpoints", recovered.addresses().client, "members", "add",
                       "1=" + cluster_.addresses(1).peer},
                      cluster_.folder());
  };
  EXPECT_TRUE(Has(add_server_1().error, "[OTHER_CLUSTER]"));
  cluster_.Kill(1);
  cluster_.Rejoin(1);
  cluster_.Start(1);
  ASSERT_TRUE(OpenedItsLog(1)) << cluster_.LogOf(1);
  const Finished told_to_join = add_server_1();
  EXPECT_TRUE(Has(told_to_join.error, "[OTHER_CLUSTER]")) << told_to_join.error;
  EXPECT_EQ(recovered.Status()->members_size(), 1);
}

// Nor the survivor itself, of whose directory the new cluster was made.
TEST_F(OfflineTest, TheSurvivorItselfStaysOutOfTheClusterThatWasMadeOfIt) {
  StartAll();
  Put(0, 5);
  cluster_.WaitUntilEqual(cluster_.ids());
  KillAll();
  LoneServer recovered(9, recovered_, cluster_.folder());
  ASSERT_EQ(Recover({2}, recovered, "yes\n").exit_code, 0);
  recovered.Start();
  ASSERT_TRUE(recovered.Leads());

  cluster_.Start(2);
  ASSERT_TRUE(OpenedItsLog(2)) << cluster_.LogOf(2);
  const Finished added = RunRaftctl({"--endpoints", recovered.addresses().client, "members", "add",
                                     "2=" + cluster_.addresses(2).peer},
                                    cluster_.folder());

  EXPECT_TRUE(Has(added.error, "[OTHER_CLUSTER]")) << added.error;
  EXPECT_NE(added.exit_code, 0);
  EXPECT_EQ(recovered.Status()->members_size(), 1);
}

TEST_F(OfflineTest, OfTwoSurvivorsTheOneThatHoldsMoreIsTaken) {
  StartAll();
  Put(0, 30);
  const Id leader = cluster_.WaitForLeader();
  const Id behind = leader % 3 + 1;
  cluster_.WaitUntilEqual(cluster_.ids());
  cluster_.Kill(behind);
  Put(30, 60);
  KillAll();

  LoneServer recovered(9, recovered_, cluster_.folder());
  const Finished refused = Recover({behind, leader}, recovered, "no\n");
  EXPECT_EQ(refused.exit_code, kFailed);
  EXPECT_TRUE(Has(refused.error, "Type yes")) << refused.error;
  EXPECT_FALSE(std::ifstream(recovered_ + "/identity").good());

  const Finished made = Recover({behind, leader}, recovered, "", {"--yes"});
  ASSERT_EQ(made.exit_code, 0) << made.error;
  EXPECT_TRUE(Has(made.output, "The best is server " + std::to_string(leader))) << made.output;
  // Two of three hold everything that was acknowledged, and the operator is told.
  EXPECT_TRUE(Has(made.output, "Lost: nothing that was acknowledged")) << made.output;
  recovered.Start();
  ASSERT_TRUE(recovered.Leads());
  EXPECT_EQ(recovered.MustGet("key-59")->value(), "value-59");
  EXPECT_EQ(recovered.Status()->key_count(), 60u);
}

TEST_F(OfflineTest, RecoverRefusesWhatItCannotTrust) {
  StartAll();
  Put(0, 5);
  Cluster other(1);
  other.StartAll();
  other.MustPut("k", "v");
  LoneServer recovered(9, recovered_, cluster_.folder());
  // A server that runs.
  EXPECT_EQ(Recover({1, 2}, recovered, "yes\n").exit_code, kFailed);
  KillAll();
  // The same one twice.
  EXPECT_EQ(Recover({1, 1}, recovered, "yes\n").exit_code, kFailed);
  // A server of another cluster.
  other.Kill(1);
  const Finished mixed = Recover({2}, recovered, "yes\n", {"--from", other.data_dir(1)});
  EXPECT_EQ(mixed.exit_code, kFailed);
  EXPECT_TRUE(Has(mixed.error, "cluster")) << mixed.error;
  // A directory that is in use already.
  LoneServer into_a_survivor(1, cluster_.data_dir(1), cluster_.folder());
  const auto before = ContentsOf(cluster_.data_dir(1));
  EXPECT_EQ(Recover({2}, into_a_survivor, "yes\n").exit_code, kFailed);
  EXPECT_EQ(ContentsOf(cluster_.data_dir(1)), before);
}

}  // namespace
}  // namespace raft::integration
