// A data directory that is not this server's, is in use, or has lost its memory is refused at the
// start: exit code 3, a message that names the directory and the way back, and no harm to the
// others.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "tests/integration/cluster.h"

namespace raft::integration {
namespace {

constexpr int kDataDirectoryUnusable = 3;

// The command line of a single server with addresses of its own.
std::vector<std::string> Alone(Id id, const std::string& data_dir) {
  const Addresses own = FreeAddresses();
  return {RaftdProgram(),
          "--server-id",
          std::to_string(id),
          "--data-dir",
          data_dir,
          "--client-address",
          own.client,
          "--peer-address",
          own.peer,
          "--http-address",
          own.http,
          "--initial-members",
          std::to_string(id) + "=" + own.peer};
}

void ExpectRefused(const Finished& finished, const std::string& named) {
  EXPECT_EQ(finished.exit_code, kDataDirectoryUnusable) << finished.error;
  EXPECT_NE(finished.error.find(named), std::string::npos)
      << "the message does not name " << named << ":\n"
      << finished.error;
}

TEST(DataDirectoryTest, OfAnotherServerIsRefusedAndStaysUsable) {
  Cluster cluster(1);
  cluster.StartAll();
  cluster.MustPut("key", "value");
  cluster.Kill(1);

  ExpectRefused(RunToEnd(Alone(2, cluster.data_dir(1)), cluster.folder()), cluster.data_dir(1));

  cluster.Start(1);
  EXPECT_EQ(cluster.MustGet("key"), "value");
}

TEST(DataDirectoryTest, InUseByARunningServerIsRefusedAndTheServerGoesOn) {
  Cluster cluster(1);
  cluster.StartAll();
  cluster.MustPut("key", "value");

  ExpectRefused(RunToEnd(Alone(1, cluster.data_dir(1)), cluster.folder()), cluster.data_dir(1));

  EXPECT_EQ(cluster.MustGet("key"), "value");
}

TEST(DataDirectoryTest, ThatIsAFileIsRefused) {
  Cluster cluster(1);
  const std::string file = cluster.folder() + "/file";
  Process({.arguments = {"/bin/true"}, .output_path = file, .error_path = file}).WaitForExit();
  ASSERT_TRUE(std::filesystem::is_regular_file(file));

  ExpectRefused(RunToEnd(Alone(1, file), cluster.folder()), file);
}

TEST(DataDirectoryTest, ThatHoldsSomethingElseIsRefusedAndLeftAsItWas) {
  Cluster cluster(1);
  const std::string other = cluster.folder() + "/other";
  std::filesystem::create_directories(other + "/lost+found");
  std::filesystem::create_directories(other + "/photographs");

  ExpectRefused(RunToEnd(Alone(1, other), cluster.folder()), "photographs");

  EXPECT_FALSE(std::filesystem::exists(other + "/identity"));
}

TEST(DataDirectoryTest, ThatCannotBeWrittenIsRefused) {
  Cluster cluster(1);
  // The kernel's own tree takes no directory from anyone, root included.
  ExpectRefused(RunToEnd(Alone(1, "/sys/kernel/raftd-test"), cluster.folder()),
                "/sys/kernel/raftd-test");
}

TEST(DataDirectoryTest, WhoseIdentityIsGoneAlthoughDataIsThereIsRefused) {
  Cluster cluster(1);
  cluster.StartAll();
  cluster.MustPut("key", "value");
  cluster.Kill(1);
  ASSERT_TRUE(std::filesystem::remove(cluster.data_dir(1) + "/identity"));

  cluster.Start(1);

  EXPECT_EQ(cluster.process(1).WaitForExit(), kDataDirectoryUnusable) << cluster.LogOf(1);
}

// Trap D11.
TEST(DataDirectoryTest, EmptiedAlthoughTheServerExistedBeforeIsRefusedWithTheWayBack) {
  Cluster cluster(3);
  cluster.StartAll();
  cluster.MustPut("key", "value");
  cluster.WaitUntilEqual(cluster.ids());
  cluster.Kill(2);
  const std::string lost = cluster.folder() + "/lost-and-found";
  std::filesystem::rename(cluster.data_dir(2), lost);

  cluster.Start(2);

  EXPECT_EQ(cluster.process(2).WaitForExit(), kDataDirectoryUnusable) << cluster.LogOf(2);
  EXPECT_NE(cluster.LogOf(2).find("way back"), std::string::npos) << "no way back is named:\n"
                                                                  << cluster.LogOf(2);
  cluster.Kill(2);
  EXPECT_GT(cluster.MustPut("key", "without server 2"), 0u);

  // The way back: the old directory, put back, serves as before.
  std::filesystem::remove_all(cluster.data_dir(2));
  std::filesystem::rename(lost, cluster.data_dir(2));
  cluster.Start(2);
  cluster.ExpectSameState(cluster.ids());

  // And where it is lost for good: another life, which is added as a new server.
  const auto incarnation = [&] { return cluster.Status(1)->members(1).incarnation(); };
  const auto lost_life = incarnation();
  cluster.Kill(2);
  std::filesystem::remove_all(cluster.data_dir(2));
  const Finished removed = cluster.Raftctl({"members", "remove", "2"});
  ASSERT_EQ(removed.exit_code, 0) << removed.error;
  cluster.Rejoin(2);
  cluster.Start(2);
  ASSERT_TRUE(WaitUntil([&] { return cluster.Status(2).has_value(); }));
  const Finished added = cluster.Raftctl({"members", "add", "2=" + cluster.addresses(2).peer});
  ASSERT_EQ(added.exit_code, 0) << added.error;
  cluster.ExpectSameState(cluster.ids());
  EXPECT_NE(incarnation(), lost_life);
}

// Trap D13.
TEST(DataDirectoryTest, OfAnotherClusterTakesNoPartInThisOne) {
  Cluster cluster(3);
  cluster.StartAll();
  cluster.MustPut("key", "value");
  cluster.WaitUntilEqual(cluster.ids());
  Cluster stranger(3);
  stranger.StartAll();
  stranger.MustPut("key", "of another cluster");
  stranger.WaitUntilEqual(stranger.ids());
  cluster.Kill(2);
  stranger.Kill(2);

  // Server 2 of the other cluster answers at the address of ours.
  std::filesystem::rename(cluster.data_dir(2), cluster.folder() + "/own");
  std::filesystem::rename(stranger.data_dir(2), cluster.data_dir(2));
  cluster.Start(2);

  EXPECT_GT(cluster.MustPut("key", "of this cluster"), 0u);
  cluster.WaitUntilEqual({1, 3});
  EXPECT_EQ(cluster.MustGet("key"), "of this cluster");
  const auto status = cluster.Status(2);
  if (status.has_value()) {
    EXPECT_NE(status->header().cluster_id(), cluster.Status(1)->header().cluster_id());
    EXPECT_EQ(status->header().leader_id(), 0u);
  }
}

TEST(DataDirectoryTest, IsNeededAndContradictionsOfTheCommandLineAreRefusedWithCodeTwo) {
  Cluster cluster(1);
  const std::vector<std::vector<std::string>> wrong = {
      {"--no-such-flag", "1"},
      {"--server-id", "0", "--data-dir", cluster.data_dir(1)},
      {"--server-id", "1"},
      {"--server-id", "1", "--data-dir", cluster.data_dir(1), "--heartbeat-ms", "400"},
      {"--server-id", "1", "--data-dir", cluster.data_dir(1), "--client-address", "0.0.0.0:7000"},
      {"--server-id", "4", "--data-dir", cluster.data_dir(1), "--initial-members", "1=127.0.0.1:1"},
  };
  for (std::vector<std::string> arguments : wrong) {
    arguments.insert(arguments.begin(), RaftdProgram());
    const Finished finished = RunToEnd(arguments, cluster.folder());
    EXPECT_EQ(finished.exit_code, 2) << arguments[1] << ": " << finished.error;
    EXPECT_FALSE(finished.error.empty()) << arguments[1];
  }
}

}  // namespace
}  // namespace raft::integration
