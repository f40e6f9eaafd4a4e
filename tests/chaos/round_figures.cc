#include "tests/chaos/round_figures.h"

#include <algorithm>
#include <array>
#include <vector>

namespace raft::chaos {
namespace {

using linearizability::History;
using linearizability::Operation;
using linearizability::OperationKind;
using linearizability::Outcome;

bool IsWrite(const Operation& operation) { return operation.kind != OperationKind::kGet; }

bool IsAcknowledgedWrite(const Operation& operation) {
  return IsWrite(operation) && operation.outcome == Outcome::kHappened;
}

// Two times of a history, which are nanoseconds.
Milliseconds Between(std::int64_t from, std::int64_t to) {
  return std::chrono::duration_cast<Milliseconds>(std::chrono::nanoseconds(to - from));
}

std::string DescribeOutcomesOf(const History& history, bool of_writes) {
  std::array<std::uint64_t, 3> counts{};
  for (const Operation& operation : history) {
    if (IsWrite(operation) == of_writes) ++counts.at(static_cast<std::size_t>(operation.outcome));
  }
  return std::to_string(counts[0]) + " ok, " + std::to_string(counts[1]) + " refused, " +
         std::to_string(counts[2]) + " unknown";
}

}  // namespace

std::string DescribeFaults(const FaultCounts& counts) {
  std::string text;
  for (std::size_t kind = 0; kind < counts.size(); ++kind) {
    if (counts[kind] == 0) continue;
    text += (text.empty() ? "" : ", ") + std::string(NameOf(static_cast<FaultKind>(kind))) + " " +
            std::to_string(counts[kind]);
  }
  return text.empty() ? "none" : text;
}

std::string DescribeOutcomes(const History& history) {
  return "writes " + DescribeOutcomesOf(history, true) + "; reads " +
         DescribeOutcomesOf(history, false);
}

std::size_t AcknowledgedWrites(const History& history) {
  return static_cast<std::size_t>(
      std::count_if(history.begin(), history.end(), IsAcknowledgedWrite));
}

Gap LongestGap(const History& history) {
  std::vector<std::int64_t> acknowledged_at;
  for (const Operation& operation : history) {
    if (IsAcknowledgedWrite(operation)) acknowledged_at.push_back(operation.returned_at);
  }
  std::sort(acknowledged_at.begin(), acknowledged_at.end());
  Gap longest;
  for (std::size_t next = 1; next < acknowledged_at.size(); ++next) {
    const Milliseconds length = Between(acknowledged_at[next - 1], acknowledged_at[next]);
    if (length <= longest.length) continue;
    longest = {.length = length,
               .begins = Between(history.front().called_at, acknowledged_at[next - 1])};
  }
  return longest;
}

}  // namespace raft::chaos
