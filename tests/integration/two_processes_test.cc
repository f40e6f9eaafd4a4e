// A data directory is copied, and a server is started on each copy: two processes with one
// identity. Whoever hears both believes neither; both end and say the way back; nothing that was
// acknowledged is lost. Neither starts again before somebody has decided which directory is kept;
// that one serves. Trap D12.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/cluster.h"
#include "tests/integration/steady_load.h"
#include "tests/metrics/raw_http.h"

namespace raft::integration {
namespace {

constexpr int kDataDirectoryUnusable = 3;

class TwoProcessesTest : public ::testing::Test {
 protected:
  void StartAll() {
    cluster_.StartAll();
    cluster_.WaitForLeader();
    for (int number = 0; number < 5; ++number) {
      cluster_.MustPut("before-" + std::to_string(number), "value");
    }
    cluster_.WaitUntilEqual(cluster_.ids());
  }

  std::string CopyOf(Id server) const { return cluster_.data_dir(server) + "-copy"; }
  std::string LogOfCopy(Id server) const { return CopyOf(server) + ".log"; }

  // Stops the server, copies its directory, and starts a process on each.
  void StartTwice(Id server) {
    ASSERT_EQ(cluster_.Terminate(server), 0);
    std::filesystem::copy(cluster_.data_dir(server), CopyOf(server),
                          std::filesystem::copy_options::recursive);
    const Addresses other = FreeAddresses();
    const std::vector<std::string> arguments = {
        RaftdProgram(),   "--server-id",      std::to_string(server),
        "--data-dir",     CopyOf(server),     "--log-format",
        "text",           "--client-address", other.client,
        "--peer-address", other.peer,         "--http-address",
        other.http};
    cluster_.Start(server);
    copy_ = std::make_unique<Process>(ProcessOptions{
        .arguments = arguments, .output_path = LogOfCopy(server), .error_path = LogOfCopy(server)});
  }

  void ExpectBothEndAndSayTheWayBack(Id server) {
    EXPECT_EQ(copy_->WaitForExit(), kDataDirectoryUnusable);
    EXPECT_EQ(cluster_.process(server).WaitForExit(), kDataDirectoryUnusable);
    for (const std::string& log : {cluster_.LogOf(server), ReadFile(LogOfCopy(server))}) {
      for (const std::string words :
           {"hears two processes that are alive as this server", "There is a copy of it",
            "The way back", "raftctl log inspect", "never start a server on it"}) {
        EXPECT_NE(log.find(words), std::string::npos) << words << " is not in:\n" << log;
      }
    }
    cluster_.Kill(server);
  }

  std::string MarkOf(Id server) const { return cluster_.data_dir(server) + "/doubled"; }

  // As a supervisor would.
  void ExpectItIsNotStartedAgain(Id server) {
    cluster_.Start(server);
    EXPECT_EQ(cluster_.process(server).WaitForExit(), kDataDirectoryUnusable);
    EXPECT_NE(cluster_.LogOf(server).find("delete " + MarkOf(server)), std::string::npos);
    cluster_.Kill(server);
  }

  bool CountsIt(Id server) const {
    const std::string& address = cluster_.addresses(server).http;
    const int port = std::stoi(address.substr(address.rfind(':') + 1));
    const auto page = raft::testing::Fetch(static_cast<std::uint16_t>(port), "GET", "/metrics");
    return page && page->body.find("\nraft_doubled_peers_total 1\n") != std::string::npos;
  }

  void ExpectOthersSaySo(Id server) {
    std::vector<Id> others = cluster_.ids();
    std::erase(others, server);
    std::string said;
    for (const Id id : others) said += cluster_.LogOf(id);
    EXPECT_NE(said.find("two processes run as server " + std::to_string(server)),
              std::string::npos);
    EXPECT_TRUE(std::any_of(others.begin(), others.end(), [this](Id id) { return CountsIt(id); }));
  }

  Cluster cluster_{3};
  std::unique_ptr<Process> copy_;
};

TEST_F(TwoProcessesTest, BothEndTheOthersServeAndOneComesBack) {
  ASSERT_NO_FATAL_FAILURE(StartAll());
  const Id server = cluster_.WaitForLeader() % 3 + 1;
  ASSERT_NO_FATAL_FAILURE(StartTwice(server));
  ExpectBothEndAndSayTheWayBack(server);
  ExpectOthersSaySo(server);
  cluster_.MustPut("without it", "value");
  ExpectItIsNotStartedAgain(server);
  EXPECT_EQ(cluster_.Raftctl({"log", "inspect", cluster_.data_dir(server)}).exit_code, 0);

  ASSERT_TRUE(std::filesystem::remove(MarkOf(server)));
  cluster_.Start(server);
  cluster_.ExpectSameState(cluster_.ids());
  cluster_.Kill(cluster_.WaitForLeader());
  cluster_.MustPut("with the one that came back", "value");
  EXPECT_EQ(cluster_.MustGet("before-4"), "value");
}

TEST_F(TwoProcessesTest, UnderLoadNothingThatWasAcknowledgedIsLost) {
  ASSERT_NO_FATAL_FAILURE(StartAll());
  std::vector<std::string> addresses;
  for (const Id id : cluster_.ids()) addresses.push_back(cluster_.addresses(id).client);
  SteadyLoad load(addresses, 2);
  ASSERT_TRUE(WaitUntil([&] { return load.acknowledged() >= 100; }));
  const Id server = cluster_.WaitForLeader();
  ASSERT_NO_FATAL_FAILURE(StartTwice(server));
  // Under load the copy soon has forgotten what the other promised, so it may also be refused for
  // that (restored_directory_test.cc); either way it ends.
  EXPECT_EQ(copy_->WaitForExit(), kDataDirectoryUnusable);
  const std::size_t before = load.acknowledged();
  ASSERT_TRUE(WaitUntil([&] { return load.acknowledged() >= before + 200; }));
  load.Stop();
  if (!cluster_.process(server).IsRunning()) {
    cluster_.Kill(server);
    std::filesystem::remove(MarkOf(server));
    cluster_.Start(server);
  }
  cluster_.ExpectSameState(cluster_.ids());
  for (const std::string& key : load.acknowledged_keys()) {
    ASSERT_NE(cluster_.MustGet(key), "(absent)") << key;
  }
}

}  // namespace
}  // namespace raft::integration
