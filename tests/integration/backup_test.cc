// A backup of a running cluster becomes a new cluster that goes on where the old one was, and no
// part of the old one finds its way into it.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include "tests/integration/cluster.h"
#include "tests/integration/lone_server.h"

namespace raft::integration {
namespace {

constexpr int kRefused = 1;
constexpr int kInterrupted = 130;

// Writes through one server until told to stop, and remembers what was acknowledged.
class Writer {
 public:
  explicit Writer(Client& client) : thread_([this, &client] { Run(client); }) {}
  ~Writer() { Stop(); }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  std::size_t count() const { return count_; }
  // Each key with the revision it was acknowledged at. Requires: stopped.
  const std::map<std::string, std::uint64_t>& acknowledged() const { return acknowledged_; }

 private:
  void Run(Client& client) {
    for (int number = 0; !stop_; ++number) {
      const std::string key = "load-" + std::to_string(number);
      const auto put = client.Put(key, key);
      if (put.ok()) acknowledged_[key] = put.response.index();
      count_ = acknowledged_.size();
    }
  }

  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> count_{0};
  std::map<std::string, std::uint64_t> acknowledged_;
  std::thread thread_;
};

class BackupTest : public ::testing::Test {
 protected:
  // Three servers with a hundred keys of 10 kB, and hardly any log.
  void StartAll(const std::string& snapshot_bytes_per_second = "2000000") {
    cluster_.AddOptions({"--compaction-log-entries", "50", "--compaction-log-bytes", "100000",
                         "--compaction-tail-entries", "10", "--compaction-tail-bytes", "20000",
                         "--snapshot-bytes-per-second", snapshot_bytes_per_second});
    cluster_.StartAll();
    leader_ = cluster_.WaitForLeader();
    for (int number = 0; number < 100; ++number) {
      cluster_.MustPut("key-" + std::to_string(number), std::string(10'000, 'v'));
    }
  }
  Finished Save() {
    return RunRaftctl({"--endpoints", cluster_.addresses(leader_ % 3 + 1).client, "-o", "json",
                       "snapshot", "save", file_},
                      cluster_.folder());
  }
  Finished Restore(const LoneServer& server) {
    return RunRaftctl(
        {"-o", "json", "snapshot", "restore", file_, "--data-dir", server.data_dir(), "--server-id",
         std::to_string(server.id()), "--peer-address", server.addresses().peer},
        cluster_.folder());
  }

  Cluster cluster_{3};
  Id leader_ = 0;
  const std::string file_ = cluster_.folder() + "/backup";
  const std::string restored_ = cluster_.folder() + "/restored";
};

TEST_F(BackupTest, OneThatIsTakenUnderLoadBecomesANewClusterThatGoesOn) {
  StartAll();
  Writer writer(cluster_.client(leader_));
  ASSERT_TRUE(WaitUntil([&] { return writer.count() > 20; }));

  const Finished saved = Save();
  ASSERT_EQ(saved.exit_code, 0) << saved.error;
  const std::size_t at_save = writer.count();
  ASSERT_TRUE(WaitUntil([&] { return writer.count() > at_save; })) << "writes go on";
  writer.Stop();
  const std::string old_cluster = cluster_.Status(leader_)->header().cluster_id();
  EXPECT_EQ(JsonFact(saved.output, "cluster_id"), old_cluster);
  const std::uint64_t index = std::stoull(JsonFact(saved.output, "index"));

  LoneServer restored(7, restored_, cluster_.folder());
  const Finished made = Restore(restored);
  ASSERT_EQ(made.exit_code, 0) << made.error;
  restored.Start();
  ASSERT_TRUE(restored.Leads());

  // Every key of that index is there, with its revision, and nothing later.
  EXPECT_EQ(restored.MustGet("key-99")->value(), std::string(10'000, 'v'));
  std::uint64_t of_the_load = 0;
  for (const auto& [key, revision] : writer.acknowledged()) {
    const auto item = restored.MustGet(key);
    EXPECT_EQ(item.has_value(), revision <= index) << key << " at revision " << revision;
    if (!item) continue;
    ++of_the_load;
    EXPECT_EQ(item->modified_revision(), revision) << key;
  }
  EXPECT_GT(of_the_load, 20u);
  EXPECT_LT(of_the_load, writer.acknowledged().size());
  const auto status = restored.Status();
  EXPECT_EQ(status->key_count(), 100 + of_the_load);
  EXPECT_NE(status->header().cluster_id(), old_cluster);
  EXPECT_EQ(status->header().cluster_id(), JsonFact(made.output, "cluster_id"));
  EXPECT_GT(restored.MustPut("after", "1"), index);

  // A restart finds the same.
  restored.Kill();
  restored.Start();
  EXPECT_EQ(restored.MustGet("after")->value(), "1");
}

TEST_F(BackupTest, TheOldClusterAndTheNewOneStayApartEvenAtOneAddress) {
  StartAll();
  ASSERT_EQ(Save().exit_code, 0);
  const Id follower = leader_ % 3 + 1;
  const std::string old_cluster = cluster_.Status(leader_)->header().cluster_id();
  cluster_.Kill(follower);

  // With the id and the addresses of a server that the others still talk to.
  LoneServer restored(follower, restored_, cluster_.folder(), cluster_.addresses(follower));
  ASSERT_EQ(Restore(restored).exit_code, 0);
  restored.Start();
  ASSERT_TRUE(restored.Leads());
  const std::uint64_t new_revision = restored.MustPut("which", "new");
  EXPECT_TRUE(WaitUntil([&] { return cluster_.client(leader_).Put("which", "old").ok(); }));

  EXPECT_EQ(restored.MustGet("which")->value(), "new");
  EXPECT_EQ(restored.MustGet("which")->modified_revision(), new_revision);
  EXPECT_TRUE(restored.Leads());
  EXPECT_NE(restored.Status()->header().cluster_id(), old_cluster);
  EXPECT_EQ(cluster_.Status(leader_)->header().cluster_id(), old_cluster);
  // The directory of an old server does not get in by being asked to.
  const Finished added =
      RunRaftctl({"--endpoints", restored.addresses().client, "members", "add",
                  std::to_string(leader_) + "=" + cluster_.addresses(leader_).peer},
                 cluster_.folder());
  EXPECT_NE(added.error.find("OTHER_CLUSTER"), std::string::npos) << added.error;
  EXPECT_NE(added.exit_code, 0);
  EXPECT_EQ(restored.Status()->members_size(), 1);
}

TEST_F(BackupTest, OneThatIsInterruptedLeavesNothingAndSaysSo) {
  StartAll("400000");  // some seconds of time
  const std::string saves = cluster_.folder() + "/saves";
  std::filesystem::create_directory(saves);
  Process save({.arguments = {RaftctlProgram(), "--endpoints", cluster_.Endpoints(), "snapshot",
                              "save", saves + "/backup"},
                .output_path = cluster_.folder() + "/save.log",
                .error_path = cluster_.folder() + "/save.log"});
  ASSERT_TRUE(WaitUntil([&] { return !std::filesystem::is_empty(saves) || !save.IsRunning(); }));

  save.Signal(SIGINT);

  EXPECT_EQ(save.WaitForExit(), kInterrupted) << ReadFile(cluster_.folder() + "/save.log");
  EXPECT_TRUE(std::filesystem::is_empty(saves));
  const std::string said = ReadFile(cluster_.folder() + "/save.log");
  EXPECT_NE(said.find("interrupted after"), std::string::npos) << said;
  EXPECT_NE(said.find("Nothing is left behind"), std::string::npos) << said;
}

TEST_F(BackupTest, HowFarItIsIsDrawnOnATerminalOnly) {
  StartAll("1000000");  // a second: time for several bars
  const std::string save = RaftctlProgram() + " --endpoints " + cluster_.addresses(leader_).client +
                           " snapshot save " + file_;
  const std::string bar = "\r[#";

  const Finished drawn = RunToEnd({"/usr/bin/script", "--quiet", "--return", "--command", save,
                                   cluster_.folder() + "/typescript"},
                                  cluster_.folder());
  EXPECT_EQ(drawn.exit_code, 0) << drawn.output << drawn.error;
  const std::size_t first = drawn.output.find(bar);
  ASSERT_NE(first, std::string::npos) << drawn.output;
  EXPECT_NE(drawn.output.find(bar, first + 1), std::string::npos) << "it moves";
  EXPECT_NE(drawn.output.find(" bytes, ", first), std::string::npos) << drawn.output;

  std::filesystem::remove(file_);
  const Finished written = Save();
  EXPECT_EQ(written.exit_code, 0) << written.error;
  EXPECT_EQ(written.error.find('\r'), std::string::npos) << written.error;
}

TEST_F(BackupTest, AServerThatStopsDuringADownloadDoesNotWaitForIt) {
  StartAll("400000");
  Process save({.arguments = {RaftctlProgram(), "--endpoints", cluster_.addresses(1).client,
                              "snapshot", "save", file_},
                .output_path = cluster_.folder() + "/save.log",
                .error_path = cluster_.folder() + "/save.log"});
  ASSERT_TRUE(WaitUntil([&] {
    return cluster_.LogOf(1).find("takes a backup") != std::string::npos || !save.IsRunning();
  }));

  cluster_.process(1).Signal(SIGTERM);

  EXPECT_EQ(cluster_.process(1).WaitForExit(), 0);
  EXPECT_EQ(save.WaitForExit(), kRefused) << ReadFile(cluster_.folder() + "/save.log");
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(BackupTest, ARestoredServerGrowsIntoAClusterOfThree) {
  StartAll();
  ASSERT_EQ(Save().exit_code, 0);
  LoneServer first(1, restored_, cluster_.folder());
  ASSERT_EQ(Restore(first).exit_code, 0);
  first.Start();
  ASSERT_TRUE(first.Leads());

  LoneServer second(2, restored_ + "-2", cluster_.folder());
  LoneServer third(3, restored_ + "-3", cluster_.folder());
  for (LoneServer* joining : {&second, &third}) {
    joining->Start({"--join"});
    const auto add = [&] {
      return RunRaftctl({"--endpoints", first.addresses().client, "members", "add",
                         std::to_string(joining->id()) + "=" + joining->addresses().peer},
                        cluster_.folder());
    };
    Finished added;
    EXPECT_TRUE(WaitUntil([&] { return (added = add()).exit_code == 0; })) << added.error;
    EXPECT_TRUE(WaitUntil([&] {
      const auto status = first.Status();
      for (const v1::Member& member : status->members()) {
        if (member.server_id() == joining->id()) return member.role() == v1::MEMBER_ROLE_VOTER;
      }
      return false;
    })) << "server "
        << joining->id() << " becomes a voter";
  }

  // The first one is no longer needed.
  const std::uint64_t revision = first.MustPut("grown", "1");
  first.Kill();
  EXPECT_TRUE(WaitUntil([&] {
    for (LoneServer* left : {&second, &third}) {
      const auto answer = left->client().Get("grown");
      if (answer.ok() && answer.response.items_size() == 1) {
        return answer.response.items(0).modified_revision() == revision;
      }
    }
    return false;
  }));
}

class DamagedBackupTest : public BackupTest {
 protected:
  void SetUp() override {
    StartAll();
    const Finished saved = Save();
    ASSERT_EQ(saved.exit_code, 0) << saved.error;
    whole_ = ReadFile(file_);
  }
  // What restoring a file with these bytes says; no server may start on what is left.
  std::string RefusalOf(const std::string& bytes) {
    std::ofstream(file_, std::ios::binary) << bytes;
    LoneServer server(7, restored_, cluster_.folder());
    const Finished restored = Restore(server);
    EXPECT_EQ(restored.exit_code, kRefused);
    EXPECT_NE(restored.error.find(file_), std::string::npos) << restored.error;
    server.Start();
    const auto ended = server.process().WaitForExit();
    EXPECT_TRUE(ended.has_value() && *ended != 0) << "a server started on the remains";
    std::filesystem::remove_all(restored_);
    return restored.error;
  }

  std::string whole_;
};

TEST_F(DamagedBackupTest, IsNeverRestored) {
  for (const std::size_t cut :
       {std::size_t{0}, std::size_t{10}, whole_.size() / 2, whole_.size() - 1}) {
    RefusalOf(whole_.substr(0, cut));
  }
  for (std::size_t place = 5; place < whole_.size(); place += whole_.size() / 9) {
    std::string flipped = whole_;
    flipped[place] = static_cast<char>(flipped[place] ^ 4);
    RefusalOf(flipped);
  }
  RefusalOf(whole_ + "tail");
}

TEST_F(DamagedBackupTest, AForeignFileIsTakenForWhatItIs) {
  const std::string refusal = RefusalOf(ReadFile(RaftctlProgram()).substr(0, 100'000));
  EXPECT_NE(refusal.find("no snapshot"), std::string::npos) << refusal;
}

TEST_F(BackupTest, ADirectoryThatIsNotEmptyIsLeftAlone) {
  StartAll();
  ASSERT_EQ(Save().exit_code, 0);
  cluster_.Kill(leader_);
  const auto before = ContentsOf(cluster_.data_dir(leader_));

  LoneServer over_an_old_one(leader_, cluster_.data_dir(leader_), cluster_.folder());
  const Finished refused = Restore(over_an_old_one);

  EXPECT_EQ(refused.exit_code, kRefused);
  EXPECT_NE(refused.error.find("empty"), std::string::npos) << refused.error;
  EXPECT_NE(refused.error.find(cluster_.data_dir(leader_)), std::string::npos) << refused.error;
  EXPECT_EQ(ContentsOf(cluster_.data_dir(leader_)), before);
  cluster_.Start(leader_);
  cluster_.ExpectSameState(cluster_.ids());
}

}  // namespace
}  // namespace raft::integration
