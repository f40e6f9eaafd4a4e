// The definition of linearizability, tried word by word: every order of every choice.
//
// Slow on purpose and apart on purpose: it shares with the checker nothing but the input type, so
// that both are wrong only if two different arguments are. All keys are tried together, an unknown
// revision is tried number by number. For histories of up to 8 operations.
#pragma once

#include "tests/linearizability/history.h"

namespace raft::linearizability {

bool IsLinearizableByBruteForce(const History& history);

}  // namespace raft::linearizability
