// A whole scrape as Prometheus sees it: linted by promtool, and named in the README of the room.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "metrics/raft_metrics.h"
#include "tests/metrics/sample_snapshot.h"

namespace raft {
namespace {

std::string FullScrape() {
  RaftMetrics metrics({.version = "0.1.0", .revision = "", .compiler = "GNU 12.2.0"},
                      [] { return testing::LeaderSnapshot(); });
  metrics.ForPeer(ServerId(2));
  metrics.ForRpc(RpcType::kUnary, "raft.v1.ConsensusService", "Propose");
  return metrics.Scrape();
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// Name to type, from the TYPE lines.
std::map<std::string, std::string> FamiliesOf(const std::string& scrape) {
  std::map<std::string, std::string> families;
  std::istringstream lines(scrape);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, kind, name, type;
    words >> hash >> kind >> name >> type;
    if (hash == "#" && kind == "TYPE") {
      EXPECT_TRUE(families.emplace(name, type).second) << name << " appears twice";
    }
  }
  return families;
}

TEST(ScrapeTest, PromtoolFindsNothingToComplainAbout) {
  const std::filesystem::path folder = ::testing::TempDir();
  const std::string scrape = folder / "raft_scrape.txt", report = folder / "raft_promtool.txt";
  std::ofstream(scrape) << FullScrape();

  const int status =
      std::system(("promtool check metrics < '" + scrape + "' > '" + report + "' 2>&1").c_str());

  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_NE(WEXITSTATUS(status), 127)
      << "promtool is not installed: it comes with Debian's package prometheus, group test of "
         "docker/packages.txt (docker/install-packages.sh test)";
  EXPECT_EQ(WEXITSTATUS(status), 0) << ReadFile(report);
  EXPECT_EQ(ReadFile(report), "");
}

TEST(ScrapeTest, EveryFamilyHasOneHelpLineAndOneTypeLine) {
  const std::string scrape = FullScrape();
  std::map<std::string, int> helps;
  std::istringstream lines(scrape);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, kind, name, first;
    words >> hash >> kind >> name >> first;
    if (hash == "#" && kind == "HELP") {
      ++helps[name];
      EXPECT_FALSE(first.empty()) << name << " has no help text";
      EXPECT_EQ(line.back(), '.') << line;
    }
  }
  for (const auto& [name, type] : FamiliesOf(scrape)) EXPECT_EQ(helps[name], 1) << name;
  EXPECT_EQ(helps.size(), FamiliesOf(scrape).size());
}

TEST(ScrapeTest, EveryLineIsACommentOrASeriesWithANumber) {
  const std::regex series(R"(^[a-z_]+(\{[^}]*\})? [-+0-9.e]+$)");
  std::istringstream lines(FullScrape());
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# ", 0) == 0) continue;
    EXPECT_TRUE(std::regex_match(line, series)) << line;
  }
}

// | `name` | type | ... rows of the README; a row may name several families.
std::map<std::string, std::string> FamiliesOfReadme() {
  std::map<std::string, std::string> families;
  const std::regex name(R"(`((raft|grpc|process)_[a-z_]+)`)");
  std::istringstream lines(ReadFile(std::filesystem::path(RAFT_SOURCE_DIR) / "metrics/README.md"));
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("| `", 0) != 0) continue;
    const std::size_t names_end = line.find('|', 1);
    const std::size_t type_end = line.find('|', names_end + 1);
    const std::string names = line.substr(0, names_end);
    const std::string cell = line.substr(names_end + 1, type_end - names_end - 1);
    std::string type;
    std::istringstream(cell) >> type;
    for (std::sregex_iterator match(names.begin(), names.end(), name), end; match != end; ++match) {
      EXPECT_TRUE(families.emplace((*match)[1], type).second) << (*match)[1] << " is listed twice";
    }
  }
  return families;
}

TEST(ScrapeTest, TheReadmeListsTheSameFamiliesWithTheSameTypes) {
  EXPECT_EQ(FamiliesOfReadme(), FamiliesOf(FullScrape()));
}

}  // namespace
}  // namespace raft
