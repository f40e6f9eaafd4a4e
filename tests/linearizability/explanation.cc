#include "tests/linearizability/explanation.h"

#include <algorithm>
#include <cstdio>

namespace raft::linearizability {
namespace {

// Of the furthest order and of the open operations, so many lines are shown.
constexpr std::size_t kShownMax = 12;
constexpr std::size_t kValueShownBytesMax = 40;

std::string Quoted(const std::string& text) {
  if (text.size() <= kValueShownBytesMax) return '"' + text + '"';
  return '"' + text.substr(0, kValueShownBytesMax) + "\"... (" + std::to_string(text.size()) +
         " bytes)";
}

std::string Asked(const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::kGet:
      return "get " + operation.key;
    case OperationKind::kPut:
      return "put " + operation.key + " = " + Quoted(operation.value);
    case OperationKind::kDelete:
      return "delete " + operation.key;
    case OperationKind::kCompareAndSet:
      break;
  }
  return "cas " + operation.key + " = " + Quoted(operation.value) + " if " +
         std::to_string(operation.expected_revision);
}

std::string Seen(const Operation& operation) {
  if (!operation.seen) return "shown nothing";
  return "shown " + Quoted(operation.seen->value) + " of revision " +
         std::to_string(operation.seen->modified_revision);
}

std::string Told(const Operation& operation) {
  if (operation.outcome == Outcome::kUnknown) return "outcome unknown";
  if (operation.outcome == Outcome::kCertainlyNot) return "certainly not";
  const std::string revision = "revision " + std::to_string(operation.revision);
  switch (operation.kind) {
    case OperationKind::kGet:
      return Seen(operation);
    case OperationKind::kPut:
      return revision;
    case OperationKind::kDelete:
      return operation.succeeded ? "deleted, " + revision : "nothing there";
    case OperationKind::kCompareAndSet:
      break;
  }
  return operation.succeeded ? "swapped, " + revision : "not swapped, " + Seen(operation);
}

std::string Table(const History& history, const std::vector<std::uint32_t>& positions) {
  std::string table;
  const std::size_t hidden = positions.size() - std::min(positions.size(), kShownMax);
  if (hidden > 0) table += "    ... " + std::to_string(hidden) + " before these\n";
  for (std::size_t i = hidden; i < positions.size(); ++i) {
    table += "    " + Describe(history[positions[i]]) + "\n";
  }
  return table;
}

// What the key holds after the order. The state knows values as numbers only, but it is the newest
// write of the order that made it.
std::string Held(const History& history, const FurthestOrder& furthest) {
  if (furthest.state.value == kAbsent) return "nothing";
  const auto write = std::find_if(furthest.placed.rbegin(), furthest.placed.rend(), [&](auto at) {
    const Operation& operation = history[at];
    return operation.kind == OperationKind::kPut ||
           (operation.kind == OperationKind::kCompareAndSet &&
            (operation.succeeded || operation.outcome == Outcome::kUnknown));
  });
  return Quoted(history[*write].value) + " of revision " +
         (furthest.state.is_revision_known ? "" : "at least ") +
         std::to_string(furthest.state.revision);
}

}  // namespace

std::string Describe(const Operation& operation) {
  const std::string returned =
      operation.returned_at == kNever ? "never" : std::to_string(operation.returned_at);
  char line[512];
  std::snprintf(line, sizeof(line), "client %-3u %-28s %-40s called %lld, returned %s",
                operation.client, Asked(operation).c_str(), Told(operation).c_str(),
                static_cast<long long>(operation.called_at), returned.c_str());
  return line;
}

std::string Explain(const History& history, const FurthestOrder& furthest) {
  const Operation& refused = history[furthest.refused];
  std::string text = "key " + Quoted(refused.key) + ": no order of its operations explains\n" +
                     Table(history, {furthest.refused});
  if (!furthest.placed.empty()) {
    text += "  after the furthest order found, " + std::to_string(furthest.placed.size()) +
            " long:\n" + Table(history, furthest.placed);
  }
  if (!furthest.open.empty()) {
    text += "  with these open beside it, in no order yet:\n" + Table(history, furthest.open);
  }
  return text + "  The key then holds " + Held(history, furthest) + ".\n";
}

std::string Explain(const History& history, const LogOrderBreach& breach) {
  return "no one log can give these two their revisions\n" +
         Table(history, {breach.earlier, breach.later});
}

}  // namespace raft::linearizability
