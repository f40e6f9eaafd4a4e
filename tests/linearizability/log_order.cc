#include "tests/linearizability/log_order.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "tests/linearizability/answer.h"

namespace raft::linearizability {
namespace {

// A revision that an operation made or was shown, and the time that matters.
struct Mention {
  std::int64_t at = 0;
  std::uint64_t revision = 0;
  std::uint32_t position = 0;

  friend bool operator<(const Mention& left, const Mention& right) {
    return std::tie(left.at, left.revision) < std::tie(right.at, right.revision);
  }
};

std::optional<LogOrderBreach> FindSharedRevision(std::vector<Mention>& changes) {
  std::sort(changes.begin(), changes.end(), [](const Mention& left, const Mention& right) {
    return std::tie(left.revision, left.position) < std::tie(right.revision, right.position);
  });
  const auto shared = std::adjacent_find(
      changes.begin(), changes.end(),
      [](const Mention& left, const Mention& right) { return left.revision == right.revision; });
  if (shared == changes.end()) return std::nullopt;
  return LogOrderBreach{shared->position, (shared + 1)->position};
}

}  // namespace

std::optional<LogOrderBreach> FindLogOrderBreach(const History& history) {
  std::vector<Mention> answers;  // at their return
  std::vector<Mention> changes;  // at their call
  for (std::uint32_t position = 0; position < history.size(); ++position) {
    const Operation& operation = history[position];
    if (operation.outcome != Outcome::kHappened) continue;
    const Item* shown = Shown(operation);
    const std::uint64_t revision = shown != nullptr ? shown->modified_revision : operation.revision;
    answers.push_back({operation.returned_at, revision, position});
    if (operation.revision != 0) {
      changes.push_back({operation.called_at, operation.revision, position});
    }
  }
  std::sort(answers.begin(), answers.end());
  std::sort(changes.begin(), changes.end());
  Mention known;
  auto answer = answers.begin();
  for (const Mention& change : changes) {
    for (; answer != answers.end() && answer->at < change.at; ++answer) {
      if (answer->revision > known.revision) known = *answer;
    }
    if (known.revision >= change.revision) return LogOrderBreach{known.position, change.position};
  }
  return FindSharedRevision(changes);
}

}  // namespace raft::linearizability
