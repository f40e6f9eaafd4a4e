// All three servers of a cluster are replaced by three others under load, and nobody notices but by
// a refusal that says "ask there".
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/cluster.h"
#include "tests/integration/steady_load.h"

namespace raft::integration {
namespace {

constexpr int kWriters = 4;
constexpr std::size_t kWritesBetweenSteps = 500;

class ReplacementTest : public ::testing::Test {
 protected:
  ReplacementTest() {
    for (int more = 0; more < 3; ++more) newcomers_.push_back(cluster_.AddServer());
    for (const Id id : {Id{1}, Id{2}, Id{3}}) cluster_.Start(id);
    cluster_.WaitForLeader();
    for (const Id id : newcomers_) {
      cluster_.Start(id);
      EXPECT_TRUE(WaitUntil([&] { return cluster_.Status(id).has_value(); }));
    }
  }

  std::vector<std::string> ClientAddresses() const {
    std::vector<std::string> addresses;
    for (const Id id : cluster_.ids()) addresses.push_back(cluster_.addresses(id).client);
    return addresses;
  }
  std::string Word(Id server) const {
    return std::to_string(server) + "=" + cluster_.addresses(server).peer;
  }
  void Must(const std::vector<std::string>& command) {
    const Finished finished = cluster_.Raftctl(command);
    ASSERT_EQ(finished.exit_code, 0) << finished.error;
  }
  static void WaitForWrites(const SteadyLoad& load) {
    const std::size_t before = load.acknowledged();
    ASSERT_TRUE(WaitUntil([&] { return load.acknowledged() >= before + kWritesBetweenSteps; }))
        << "writes go on";
  }
  void ExpectNothingLost(SteadyLoad& load) {
    load.Stop();
    for (const std::string& surprise : load.surprises()) ADD_FAILURE() << surprise;
    const Finished scan = cluster_.Raftctl({"scan"});
    ASSERT_EQ(scan.exit_code, 0) << scan.error;
    std::set<std::string> lines;
    std::istringstream stream(scan.output);
    for (std::string line; std::getline(stream, line);) lines.insert(line);
    for (const std::string& key : load.acknowledged_keys()) {
      ASSERT_TRUE(lines.contains(key + "\t" + key)) << key << " was acknowledged and is lost";
    }
    std::printf("%zu writes, the longest pause was %lld ms\n", load.acknowledged(),
                static_cast<long long>(load.TakeLongestPause().count()));
  }

  Cluster cluster_{3};
  std::vector<Id> newcomers_;
};

TEST_F(ReplacementTest, OneByOneUnderLoad) {
  SteadyLoad load(ClientAddresses(), kWriters);
  WaitForWrites(load);
  for (const Id old : {Id{1}, Id{2}, Id{3}}) {
    Must({"members", "add", Word(newcomers_[old - 1])});
    WaitForWrites(load);
    Must({"members", "remove", std::to_string(old)});
    EXPECT_EQ(cluster_.Terminate(old), 0);
    WaitForWrites(load);
  }
  ExpectNothingLost(load);
  cluster_.ExpectSameState(newcomers_);
}

TEST_F(ReplacementTest, AllAtOnceUnderLoad) {
  SteadyLoad load(ClientAddresses(), kWriters);
  WaitForWrites(load);
  Must({"members", "replace",
        Word(newcomers_[0]) + "," + Word(newcomers_[1]) + "," + Word(newcomers_[2])});
  for (const Id old : {Id{1}, Id{2}, Id{3}}) EXPECT_EQ(cluster_.Terminate(old), 0);
  WaitForWrites(load);
  ExpectNothingLost(load);
  cluster_.ExpectSameState(newcomers_);
}

}  // namespace
}  // namespace raft::integration
