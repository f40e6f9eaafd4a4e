// The main job: a long load through five kills of the leader, and then nothing is missing, nothing
// is there twice, and every acknowledged line carries the revision that was returned for it.
//
// The load is raftctl's own, so that what users run is what is tested. RAFT_TEST_SEED repeats a
// run.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/integration/cluster.h"

namespace raft::integration {
namespace {

constexpr std::size_t kLines = 20'000;
constexpr int kKills = 5;
// Acknowledgements between two kills: enough that all five fall into the load.
constexpr std::size_t kLinesBetweenKills = kLines / (kKills + 2);
constexpr Milliseconds kLoadPatience{180'000};

std::uint64_t Seed() {
  const char* given = std::getenv("RAFT_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
  std::printf("RAFT_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

// Lines as they come: keys in no order, values of any bytes but a newline, further TABs included.
std::vector<std::string> GenerateLines(std::mt19937_64& random) {
  std::vector<std::string> lines;
  for (std::size_t number = 0; number < kLines; ++number) {
    std::string value;
    for (std::uint64_t bytes = 1 + random() % 120; bytes > 0; --bytes) {
      const char byte = static_cast<char>(random() % 256);
      value += byte == '\n' ? '\t' : byte;
    }
    lines.push_back("package-" + std::to_string(number) + "\t" + value);
  }
  std::shuffle(lines.begin(), lines.end(), random);
  return lines;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::vector<std::string> SortedLines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

struct Acknowledgement {
  std::uint64_t revision = 0;
  std::uint64_t unknown_outcomes = 0;  // tries before it that nobody knows the end of
};

// Follows the file in which the load notes each acknowledgement as it comes.
class Acknowledgements {
 public:
  explicit Acknowledgements(const std::string& path) : path_(path) {}

  std::size_t Count() {
    if (!file_.is_open()) file_.open(path_, std::ios::binary);
    file_.clear();
    for (std::string piece(64 << 10, '\0'); file_.is_open();) {
      const std::streamsize got = file_.read(piece.data(), std::ssize(piece)).gcount();
      count_ += static_cast<std::size_t>(std::count(piece.begin(), piece.begin() + got, '\n'));
      if (got == 0) break;
      file_.clear();
    }
    return count_;
  }

  std::map<std::string, Acknowledgement> All() const {
    std::map<std::string, Acknowledgement> all;
    std::istringstream stream(ReadFile(path_));
    for (std::string key; std::getline(stream, key, '\t');) {
      Acknowledgement& acknowledgement = all[key];
      stream >> acknowledgement.revision >> acknowledgement.unknown_outcomes >> std::ws;
    }
    return all;
  }

 private:
  std::string path_;
  std::ifstream file_;
  std::size_t count_ = 0;
};

class MainJobTest : public testing::Test {
 protected:
  MainJobTest() : cluster_(3), acknowledgements_(AcksPath()) {
    cluster_.StartAll();
    cluster_.WaitForLeader();
  }

  std::string AcksPath() const { return cluster_.folder() + "/acks"; }

  // raftctl with the cluster's endpoints in front of `arguments`.
  std::vector<std::string> Raftctl(const std::vector<std::string>& arguments) const {
    std::vector<std::string> words = {RaftctlProgram(), "--endpoints", cluster_.Endpoints()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
  }

  // kill -9 of the leader that GetStatus names now, after `acknowledged` lines in all, while the
  // load runs; it comes back once the load has gone on without it.
  void KillAndRestartLeader(Process& load, std::size_t acknowledged) {
    ASSERT_TRUE(
        WaitUntil([&] { return acknowledgements_.Count() >= acknowledged; }, kLoadPatience));
    const Id leader = cluster_.WaitForLeader();
    ASSERT_TRUE(load.IsRunning()) << "the load was over before the kill: nothing was shown";
    cluster_.Kill(leader);
    const std::size_t before = acknowledgements_.Count();
    ASSERT_TRUE(WaitUntil([&] { return acknowledgements_.Count() > before; }, kLoadPatience))
        << "nothing was acknowledged after the leader was killed";
    cluster_.Start(leader);
  }

  // Every item with its revision, by linearizable pages from whoever leads.
  std::map<std::string, v1::KeyValue> AllItems() {
    std::map<std::string, v1::KeyValue> items;
    v1::ReadRequest request;
    v1::Scan& scan = *request.mutable_query()->mutable_scan();
    for (bool more = true; more;) {
      const auto page = cluster_.client(cluster_.WaitForLeader()).Read(request);
      if (!page.ok()) continue;
      for (const v1::KeyValue& item : page.response.items()) items[item.key()] = item;
      more = page.response.more() && page.response.items_size() > 0;
      if (more) scan.set_start(page.response.items().rbegin()->key() + '\0');
    }
    return items;
  }

  void ExpectRevisionsAsAcknowledged() {
    const std::map<std::string, v1::KeyValue> items = AllItems();
    const std::map<std::string, Acknowledgement> acknowledged = acknowledgements_.All();
    EXPECT_EQ(acknowledged.size(), kLines);
    for (const auto& [key, acknowledgement] : acknowledged) {
      const auto item = items.find(key);
      ASSERT_NE(item, items.end()) << key << " was acknowledged and is lost";
      if (acknowledgement.unknown_outcomes == 0) {
        EXPECT_EQ(item->second.modified_revision(), acknowledgement.revision) << key;
      } else {
        EXPECT_GE(item->second.modified_revision(), acknowledgement.revision) << key;
      }
    }
  }

  Cluster cluster_;
  Acknowledgements acknowledgements_;
};

TEST_F(MainJobTest, ALoadOutlivesFiveKillsOfTheLeaderAndLosesNothing) {
  std::mt19937_64 random(Seed());
  const std::string input = Joined(GenerateLines(random));
  const std::string input_path = cluster_.folder() + "/input";
  std::ofstream(input_path, std::ios::binary) << input;

  Process load({.arguments = Raftctl({"load", "--acks", AcksPath(), input_path}),
                .output_path = cluster_.folder() + "/load.out",
                .error_path = cluster_.folder() + "/load.err"});
  for (std::size_t kill = 1; kill <= kKills; ++kill) {
    KillAndRestartLeader(load, kill * kLinesBetweenKills);
    ASSERT_FALSE(HasFatalFailure());
  }

  EXPECT_EQ(load.WaitForExit(kLoadPatience), 0) << ReadFile(cluster_.folder() + "/load.err");
  std::printf("%s", ReadFile(cluster_.folder() + "/load.out").c_str());
  const Finished scan = RunToEnd(Raftctl({"scan"}), cluster_.folder());
  EXPECT_EQ(scan.exit_code, 0) << scan.error;
  EXPECT_TRUE(SortedLines(scan.output) == SortedLines(input)) << "scan prints another set of lines";
  ExpectRevisionsAsAcknowledged();
  cluster_.ExpectSameState(cluster_.ids());
  EXPECT_EQ(cluster_.Status(1)->key_count(), kLines);
}

}  // namespace
}  // namespace raft::integration
