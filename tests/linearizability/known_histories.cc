#include "tests/linearizability/known_histories.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/linearizability/history_text.h"

namespace raft::linearizability {
namespace {

[[noreturn]] void Fail(const std::string& file, const std::string& line) {
  std::fprintf(stderr, "%s: not a sentence, an operation or a verdict: %s\n", file.c_str(),
               line.c_str());
  std::abort();
}

void ReadFile(const std::filesystem::path& path, std::vector<KnownHistory>& histories) {
  std::ifstream stream(path);
  KnownHistory history;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("  ")) {
      history.operations.push_back(ParseOperation(line));
    } else if (line == "=> linearizable" || line == "=> not linearizable") {
      history.is_linearizable = line == "=> linearizable";
      if (history.sentence.empty() || history.operations.empty()) Fail(path, line);
      histories.push_back(std::move(history));
      history = {};
    } else {
      if (!history.sentence.empty()) Fail(path, line);
      history.file = path.stem();
      history.sentence = line;
    }
  }
  if (!history.sentence.empty()) Fail(path, history.sentence);
}

}  // namespace

std::vector<KnownHistory> KnownHistories() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(RAFT_HISTORIES_FOLDER)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<KnownHistory> histories;
  for (const auto& path : paths) ReadFile(path, histories);
  return histories;
}

}  // namespace raft::linearizability
