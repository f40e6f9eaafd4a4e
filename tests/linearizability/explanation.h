// Says in a table of plain words why a history is not linearizable. Knows how a check ended, not
// how it is done.
#pragma once

#include <string>

#include "tests/linearizability/history.h"
#include "tests/linearizability/log_order.h"
#include "tests/linearizability/search.h"

namespace raft::linearizability {

// One operation on one line: who, what, what it was told, when.
std::string Describe(const Operation& operation);

// The key, the operation that nothing explains, what was open beside it, and the furthest order
// found, of which only the newest operations are shown.
std::string Explain(const History& history, const FurthestOrder& furthest);

// The two operations that no one log can hold.
std::string Explain(const History& history, const LogOrderBreach& breach);

}  // namespace raft::linearizability
