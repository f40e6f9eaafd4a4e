// The figures of one round, as they are printed.
#pragma once

#include <cstddef>
#include <string>

#include "tests/chaos/fault_injector.h"
#include "tests/linearizability/history.h"

namespace raft::chaos {

// "kill 12, reset 3"; "none" when nothing took place.
std::string DescribeFaults(const FaultCounts& counts);

// "writes: 100 ok, 2 refused, 1 unknown; reads: ..."
std::string DescribeOutcomes(const linearizability::History& history);

std::size_t AcknowledgedWrites(const linearizability::History& history);

// Between two acknowledged writes that follow each other.
struct Gap {
  Milliseconds length{0};  // 0: there are fewer than two
  Milliseconds begins{0};  // since the first call
};
Gap LongestGap(const linearizability::History& history);

}  // namespace raft::chaos
