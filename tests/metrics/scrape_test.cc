// A whole scrape as Prometheus sees it: linted by promtool, and named in the README of the room.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
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
  const std::string name_letters = "abcdefghijklmnopqrstuvwxyz_";
  std::istringstream lines(FullScrape());
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# ", 0) == 0) continue;
    const std::size_t name_end = line.find_first_not_of(name_letters);
    ASSERT_NE(name_end, std::string::npos) << line;
    ASSERT_GT(name_end, 0) << line;
    const bool labelled = line[name_end] == '{';
    const std::size_t value_at = (labelled ? line.find("} ", name_end) + 1 : name_end) + 1;
    char* value_end = nullptr;
    std::strtod(line.c_str() + value_at, &value_end);
    EXPECT_EQ(line[value_at - 1], ' ') << line;
    EXPECT_EQ(value_end, line.c_str() + line.size()) << line;
    EXPECT_LT(value_at, line.size()) << line;
  }
}

// The rows of the README that name families: | `name`, `name` | type | ...
std::map<std::string, std::string> FamiliesOfReadme() {
  std::map<std::string, std::string> families;
  std::istringstream lines(ReadFile(std::filesystem::path(RAFT_SOURCE_DIR) / "metrics/README.md"));
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("| `", 0) != 0) continue;
    const std::size_t names_end = line.find('|', 1);
    const std::size_t type_end = line.find('|', names_end + 1);
    const std::string names = line.substr(0, names_end);
    const std::string cell = line.substr(names_end + 1, type_end - names_end - 1);
    std::string type;
    std::istringstream(cell) >> type;
    // The names stand between pairs of backquotes: every second piece.
    std::istringstream pieces(names);
    for (std::string before, name;
         std::getline(pieces, before, '`') && std::getline(pieces, name, '`');) {
      if (name.find_first_of("./") != std::string::npos) continue;  // Tables of files and pages.
      EXPECT_TRUE(families.emplace(name, type).second) << name << " is listed twice";
    }
  }
  return families;
}

TEST(ScrapeTest, TheReadmeListsTheSameFamiliesWithTheSameTypes) {
  EXPECT_EQ(FamiliesOfReadme(), FamiliesOf(FullScrape()));
}

}  // namespace
}  // namespace raft
