// Says in a table of plain words why a history is not linearizable. Knows no search, only its end.
#pragma once

#include <string>

#include "tests/linearizability/history.h"
#include "tests/linearizability/search.h"

namespace raft::linearizability {

// One operation on one line: who, what, what it was told, when.
std::string Describe(const Operation& operation);

// The key, the operation that nothing explains, what was open beside it, and the furthest order
// found, of which only the newest operations are shown.
std::string Explain(const History& history, const FurthestOrder& furthest);

}  // namespace raft::linearizability
